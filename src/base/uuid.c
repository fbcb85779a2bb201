#include "ingest/base.h"

#include <sodium.h>

#include "ingest/uuid.h"

void
uuid_format(const uint8_t uuid[16], char out[UUID_TEXT])
{
    char hex[33];

    sodium_bin2hex(hex, sizeof hex, uuid, 16);
    snprintf(out, UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

void
uuid_random(char out[UUID_TEXT])
{
    uint8_t b[16];

    randombytes_buf(b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* the version */
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* the variant */
    uuid_format(b, out);
}
