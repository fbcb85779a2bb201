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

bool
catalog_find(const struct catalog *c, struct slice path, struct catalog_entry *out)
{
    (void)c;
    (void)path;
    *out = (struct catalog_entry){ .id = 0 };
    return false;
}
