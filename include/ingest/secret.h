/*
 * Files that hold secrets: the client key, a token. For their owner alone, and where systemd puts those that it was told to
 * load (systemd.exec(5), "Credentials").
 */
#ifndef INGEST_SECRET_H
#define INGEST_SECRET_H

#include "ingest/base.h"
#include "ingest/err.h"

/*
 * Is the open file `fd` one that only we can have written and read: regular, ours or root's, nothing for others? Of a file in
 * $CREDENTIALS_DIRECTORY the group may read, which is how a list of rights (acl(5)) for the service's user shows.
 * ST_OK; ST_USAGE: `what` ("cannot use the token"), err->path, the cause, and what to type.
 */
enum st secret_check(int fd, const char *what, const char *path, struct err *err);

/* "$CREDENTIALS_DIRECTORY/NAME" into `out`; false: there is no such credential. */
bool secret_credential(const char *name, char *out, size_t cap);

#endif
