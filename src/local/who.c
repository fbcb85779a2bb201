/*
 * As whom PostgreSQL's programs run. Everything is looked up here, before a fork, because a child
 * may not call getpwnam.
 */
#include "local_priv.h"

#include <grp.h>
#include <pwd.h>

#define SERVER_USER "postgres"

enum st
who_find(struct who *who, struct err *err)
{
    struct passwd *pw;

    *who = (struct who){ .uid = geteuid(), .gid = getegid() };
    if (who->uid != 0)
        return ST_OK;
    pw = getpwnam(SERVER_USER);
    if (pw == NULL || pw->pw_uid == 0) {
        err_fail(err, ST_DB, "cannot run a private PostgreSQL as root",
                 "PostgreSQL refuses root, and there is no user \"" SERVER_USER "\" to run it");
        err_hint(err, "apt-get install postgresql-common, which makes that user, "
                      "or call ingest as another user");
        return err->code;
    }
    who->drop = true;
    who->uid = pw->pw_uid;
    who->gid = pw->pw_gid;
    who->n_groups = ARRAY_LEN(who->groups);
    if (getgrouplist(SERVER_USER, pw->pw_gid, who->groups, &who->n_groups) < 0) {
        who->groups[0] = pw->pw_gid; /* more than 64 groups: its own one is enough */
        who->n_groups = 1;
    }
    return ST_OK;
}
