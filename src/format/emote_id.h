/*
 * The identifiers of 7TV: all of them are 128 bits, whatever they were written as.
 *
 *     01F6M3N17G000B5V5G2M2RYJN7             ULID, 26 letters of Crockford's base32: 48 bits of milliseconds, 80 of chance
 *     017da836-9c10-...                      UUID (RFC 9562), with or without its dashes; the same bits
 *     60af9846ebfcf7562edb10c7               ObjectId of MongoDB: seconds and 64 bits; a ULID of that second, its chance
 *                                            those 64 bits
 */
#ifndef FORMAT_EMOTE_ID_H
#define FORMAT_EMOTE_ID_H

#include "ingest/slice.h"

/* Reads an identifier in any of these writings, letters in either case. False: it is none. */
bool emote_id(struct slice s, uint8_t out[16]);

/* The time that a ULID was made at, in microseconds. */
int64_t emote_id_time_us(const uint8_t id[16]);

#endif
