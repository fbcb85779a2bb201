/*
 * UUIDs by which something is told apart that has no other name: a worker, a claim.
 */
#ifndef INGEST_UUID_H
#define INGEST_UUID_H

#include "ingest/base.h"

#define UUID_TEXT 37 /* 36 characters and a NUL */

/* A new one of version 4, all random (RFC 9562, 5.4), in lower case. */
void uuid_random(char out[UUID_TEXT]);

#endif
