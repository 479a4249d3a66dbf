// SPDX-License-Identifier: MIT
// What the compiler is given.
#include <stddef.h>

struct node {
    struct node *next;
    int value;
};

static int sum(const struct node *n) {
    int s = 0;
    for (; n; n = n->next) s += n->value;
    return s;
}

double mean(const double *x, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; ++i) s += x[i];
    return n ? s / n : 0;
}

int main(void) {
    struct node a = {NULL, 4}, b = {&a, 5};
    return sum(&b) - 9;
}
