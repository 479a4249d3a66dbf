# SPDX-License-Identifier: MIT
# Modules of the standard library that other programs lean on.
import collections, datetime, decimal, hashlib, itertools, json, os, random, re, struct, tempfile, zlib

print(json.dumps({"a": [1, 2.5, None, True], "b": {"c": "\u00e9"}}, sort_keys=True), json.loads('[{"x": 3}]'))
print(hashlib.sha256(b"abc" * 1000).hexdigest(), hashlib.md5(b"x").hexdigest())
print(re.findall(r"(\w+)@(\w+)\.com", "joe@x.com ann@yy.com"))
print(zlib.crc32(b"hello"), len(zlib.compress(b"a" * 10000)), struct.pack("<IhQ", 1, -2, 3).hex())
print(collections.Counter("mississippi").most_common(2), sum(itertools.islice(itertools.count(), 1000)))
random.seed(4)
print([random.randrange(100) for _ in range(8)], datetime.date(2020, 2, 28) + datetime.timedelta(2), decimal.Decimal(1) / 7)
with tempfile.TemporaryDirectory() as directory:
    with open(directory + "/f", "w") as file:
        file.write("x" * 5000)
    print(os.stat(directory + "/f").st_size, os.listdir(directory))
