/*
 * What every file may use: the system headers in one order, and a ban on the calls that have hurt C programs most.
 * Include it first.
 */
#ifndef INGEST_BASE_H
#define INGEST_BASE_H

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_LEN(a)   (sizeof(a) / sizeof((a)[0]))
#define KIB            ((size_t)1024)
#define MIB            ((size_t)1024 * 1024)
#define PRINTF(fmt, n) __attribute__((format(printf, fmt, n)))
#define likely(x)      __builtin_expect(!!(x), 1)
#define unlikely(x)    __builtin_expect(!!(x), 0)

/* No bound, no error, hidden state, or a time zone and locale that logs must not depend on. */
#undef sprintf /* clang with _FORTIFY_SOURCE has it as a macro, which cannot be poisoned quietly */
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gmtime localtime mktime atoi atol

#endif
