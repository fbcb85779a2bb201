/*
 * A configuration file of any bytes: refused with its line, or read. What was read is written down again, section after
 * section, and must be read as the same; then all of it goes to who knows what sections mean.
 */
#include "ingest/buf.h"

#include "cli_priv.h"
#include "config.h"

#include "fuzz_bytes.h"

/* What has been read, as text: one line each, and as the file of the second reading. */
struct heard {
    struct buf said, file;
    bool       odd; /* a value that begins with a quote which is not closed at the end: it cannot be written again for sure */
};

static enum st
hear(void *ctx, const struct ini_entry *e, struct err *err)
{
    struct heard *h = ctx;

    (void)err;
    MUST(e->kind != NULL && e->name != NULL && (e->key == NULL || (e->value != NULL && e->key[0] != '\0')));
    MUST(strpbrk(e->kind, " \t\n]") == NULL && strpbrk(e->name, "\n]") == NULL);
    buf_printf(&h->said, "[%s %s] %s=%s\n", e->kind, e->name, e->key == NULL ? "" : e->key, e->key == NULL ? "" : e->value);
    h->odd |= e->key != NULL && e->value[0] == '\'';
    if (e->key == NULL)
        buf_printf(&h->file, "[%s %s] # again\n", e->kind, e->name);
    else if (strchr(e->value, '\'') == NULL)
        buf_printf(&h->file, "\t%s =  '%s' \r\n", e->key, e->value);
    else
        buf_printf(&h->file, "%s=%s\n", e->key, e->value);
    return ST_OK;
}

static enum st
read_as(const char *path, struct heard *h)
{
    struct arena arena;
    struct err err = { 0 };
    enum st rc;

    arena_init(&arena, SIZE_MAX);
    rc = ini_read(path, true, &arena, hear, h, &err);
    MUST(rc == ST_OK || (rc == ST_USAGE && err.line_no > 0 && err.cause[0] != '\0'));
    arena_release(&arena);
    return rc;
}

static void
on_problem(void *ctx, const struct err *err)
{
    size_t *n = ctx;

    MUST(err->code == ST_USAGE && err->path[0] != '\0' && err->what[0] != '\0');
    ++*n;
}

/* All that is wrong: something, where reading stops at the first, and nothing, where it does not. */
static void
check(const char *path, bool sound)
{
    struct options o = { 0 };
    struct err err = { 0 };
    size_t n = 0;

    o.value[OPT_CONFIG].text = path;
    o.value[OPT_CONFIG].origin = FROM_COMMAND_LINE;
    if (config_apply_all(&o, on_problem, &n, &err) == ST_OK)
        MUST((n == 0) == sound);
    else
        MUST(!sound);
    arena_release(&((struct config *)(uintptr_t)o.config)->arena);
}

/* The same file, all the way. */
static void
configure(const char *path)
{
    struct options o = { 0 };
    struct err err = { 0 };
    enum st rc;

    o.value[OPT_CONFIG].text = path;
    o.value[OPT_CONFIG].origin = FROM_COMMAND_LINE;
    rc = config_apply(&o, &err);
    MUST(rc == ST_OK || (rc == ST_USAGE && err.path[0] != '\0' && err.what[0] != '\0'));
    for (const struct config_format *f = o.config->formats; rc == ST_OK && f != NULL; f = f->next)
        MUST(config_find_format(o.config, f->name) == f);
    for (const struct config_pack *p = o.config->packs; rc == ST_OK && p != NULL; p = p->next) {
        const struct rule_pack *found = NULL;

        MUST(config_find_pack(o.config, p->pack.name, &found, &err) == ST_OK && found == &p->pack);
    }
    arena_release(&((struct config *)(uintptr_t)o.config)->arena);
    check(path, rc == ST_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct heard first = { .file = { 0 } }, second = { .file = { 0 } };
    char path[64];
    int fd = memory_file(data, size, path);

    if (read_as(path, &first) == ST_OK && !first.odd) {
        char again[64];
        int fd2 = memory_file(first.file.p == NULL ? "" : first.file.p, first.file.n, again);

        MUST(read_as(again, &second) == ST_OK);
        MUST(slice_eq((struct slice){ first.said.p, first.said.n }, (struct slice){ second.said.p, second.said.n }));
        close(fd2);
    }
    configure(path);
    close(fd);
    buf_release(&first.said);
    buf_release(&first.file);
    buf_release(&second.said);
    buf_release(&second.file);
    return 0;
}
