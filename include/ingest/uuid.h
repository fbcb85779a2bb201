/*
 * UUIDs: as text, and new ones by which something is told apart that has no other name: a worker, a claim.
 */
#ifndef INGEST_UUID_H
#define INGEST_UUID_H

#include "ingest/base.h"

#define UUID_TEXT 37 /* 36 characters and a NUL */

/* A new one of version 4, all random (RFC 9562, 5.4), in lower case. */
void uuid_random(char out[UUID_TEXT]);

/* 8-4-4-4-12 digits in lower case, as PostgreSQL writes it (RFC 9562, 4). */
void uuid_format(const uint8_t uuid[16], char out[UUID_TEXT]);

#endif
