# SPDX-License-Identifier: MIT
# Hashes, children, pipes, signals, and an end by die.
my %h; $h{$_ % 7}++ for 1..1000; print join(",", map {"$_=$h{$_}"} sort keys %h), "\n";
my $pid = fork; if (!$pid) { exit 3 } waitpid $pid, 0; print $? >> 8, "\n";
$| = 1;
pipe(my $r, my $w); if (!fork) { close $r; print $w "from child\n"; exit } close $w; print <$r>; wait;
local $SIG{ALRM} = sub { print "alarm\n" }; kill ALRM => $$; print sprintf("%.3f %s", 1/3, "x" x 5), "\n";
print join(" ", sort { $b <=> $a } map { $_ ** 2 % 17 } 1..10), "\n";
die "the end\n";
