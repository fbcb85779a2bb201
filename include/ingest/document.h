/*
 * What an input says of itself as a whole: what format/ gives besides records, once the input has come to its good end, and what
 * goes into EIDA's table of payloads. Zeroed: it says nothing, as logs do.
 */
#ifndef INGEST_DOCUMENT_H
#define INGEST_DOCUMENT_H

#include "ingest/base.h"

#define DOCUMENT_VERSION_MAX 32 /* characters */

struct document {
    bool    is_payload;   /* of EIDA's aggregator: its days are those that it names, whatever its statistics are dated */
    bool    has_hash;     /* one payload and no more, of which the web service would make this hash */
    int32_t hash;         /* MurmurHash3_x86_32 of what Python prints of the list `stats` */
    bool    is_generated;
    int64_t generated_us; /* UTC */
    char    version[4 * DOCUMENT_VERSION_MAX + 1]; /* UTF-8; "" where there is none */
};

#endif
