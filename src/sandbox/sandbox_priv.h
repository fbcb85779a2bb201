/*
 * Inside sandbox/.
 *
 *   sandbox.c    what is granted, and entering
 *   landlock.c   the fence around files; its system calls have no wrappers in the C library
 *   seccomp.c    the fence around system calls, by libseccomp
 *   system.c     files that the system's libraries read
 *   process.c    what is given up at the start, with or without --sandbox
 */
#ifndef SANDBOX_PRIV_H
#define SANDBOX_PRIV_H

#include "ingest/sandbox.h"

/* The kernel's version of Landlock, from 1; 0: there is none, and errno says why. */
int landlock_version(void);
/* A ruleset that allows nothing of what `version` can refuse; -1: errno. */
int landlock_new(int version);
/* Grants; false: errno. */
bool landlock_allow(int ruleset, int version, enum sandbox_right right, int fd, bool is_directory);
/* False: errno. */
bool landlock_enter(int ruleset);

/* NULL: it is in force; else why not. */
const char *calls_fence(enum sandbox_network network);

#endif
