/*
 * What this process gives up: at its start, whatever it does; and, with --sandbox, all rights but those that a run still
 * needs once it is connected. Sources: landlock(7), seccomp(2), getauxval(3), core(5), prctl(2); Documentation/userspace-api/landlock.rst
 * of the kernel.
 */
#ifndef INGEST_SANDBOX_H
#define INGEST_SANDBOX_H

#include "ingest/base.h"
#include "ingest/err.h"

/* ---- at the start ---- */

/*
 * ST_USAGE: the program runs with rights that its caller does not have (setuid, setgid, file capabilities). It reads what
 * it is told to and writes where it is told to, so it must have the rights of who tells it. To be asked before anything else.
 */
enum st process_check_rights(struct err *err);

/*
 * From here on no core is written of this process or of what it starts (they hold the client key, tokens and the ledger's
 * secret), and other processes of the same user cannot read its memory: strace, gdb and perf can be attached by root alone.
 * Builds of type Debug go on as before.
 */
void process_keep_secrets(void);

/* ---- --sandbox ---- */

struct sandbox; /* one a process: what it will be fenced to */

enum sandbox_right {
    SANDBOX_READ,    /* a file; or a directory, and all below it */
    SANDBOX_WRITE,   /* a file that is there, or the files of a directory: read and written to */
    SANDBOX_RENAME,  /* of a directory: files in it get names and lose them, and none is opened */
    SANDBOX_FILES,   /* of a directory: files are made, read, written and lost */
    SANDBOX_RIGHTS_N
};

enum sandbox_network {
    SANDBOX_NO_SOCKETS,
    SANDBOX_CLIENT, /* unix, IPv4 and IPv6, to others: nobody can connect to us */
};

/* What became of it. `files` and `calls` say what is in force in a few words for people; if it is not, why. */
struct sandbox_report {
    bool files_fenced, calls_fenced;
    char files[96], calls[96];
};

/* ST_OK, also where the kernel knows no Landlock (the report will say it); ST_MEMORY. `*out` is to be freed in any case. */
enum st sandbox_new(struct sandbox **out, struct err *err);
void    sandbox_free(struct sandbox *s); /* does not end what was entered */

/*
 * Grants rights to what `path` names now, through links: a file that replaces it later has none, but for one in a directory
 * that was granted. What is not there, or cannot be opened, is passed over. ST_OK, ST_MEMORY.
 */
enum st sandbox_allow(struct sandbox *s, enum sandbox_right right, const char *path, struct err *err);
/* The directory that `path` is in. */
enum st sandbox_allow_beside(struct sandbox *s, enum sandbox_right right, const char *path, struct err *err);
/* What the C library, TLS and Kerberos look up to connect again: names, services, certificates, shared libraries. */
enum st sandbox_allow_system(struct sandbox *s, struct err *err);

/*
 * From here on, and for ever: files as granted; no program is started, no process made, none looked into or signalled; no
 * kind of socket but those of `network`; no system calls that administer the machine, nor such as are newer than this
 * build's libseccomp. What is refused fails with EACCES, EPERM or ENOSYS, and the process lives on. Open descriptors stay as they are. To be called before
 * threads are started. What the kernel or the build lacks is in the report, and is no failure.
 */
void sandbox_enter(struct sandbox *s, enum sandbox_network network, struct sandbox_report *report);

#endif
