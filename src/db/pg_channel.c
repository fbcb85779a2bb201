/*
 * What lies between this process and the server.
 */
#include "pg_priv.h"

enum pg_channel
pg_channel(const struct pg *pg)
{
    const char *host = PQhost(pg->conn), *address = PQhostaddr(pg->conn);

    if (PQsslInUse(pg->conn) || PQgssEncInUse(pg->conn))
        return PG_ENCRYPTED;
    if (host == NULL || host[0] == '/' || host[0] == '@' || address == NULL || address[0] == '\0')
        return PG_SOCKET;
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ? PG_PLAIN_LOOPBACK
                                                                           : PG_PLAIN;
}
