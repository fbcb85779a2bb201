/*
 * A catalog in memory: texts to entries. The files load_<kind>.c fill it from a system's tables.
 */
#include "ingest/base.h"

#include "ingest/catalog.h"

void
catalog_free(struct catalog *c)
{
    free(c);
}
