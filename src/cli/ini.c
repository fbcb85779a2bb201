/*
 * The configuration file, line by line. The whole file is read first: it is small, and values can
 * then stay where they stand.
 */
#include "ini.h"

#define WHAT "cannot read the configuration"

/* ---- the file ---- */

static enum st
slurp(FILE *file, struct arena *arena, char **out, size_t *n, struct err *err)
{
    char *text = arena_alloc(arena, INI_BYTES_MAX + 1);

    if (text == NULL)
        return err_memory(err, "cannot hold the configuration");
    *n = fread(text, 1, INI_BYTES_MAX + 1, file);
    if (ferror(file))
        return err_fail(err, ST_USAGE, WHAT, "%s", strerror(errno));
    if (*n > INI_BYTES_MAX)
        return err_fail(err, ST_USAGE, WHAT, "it is larger than %u bytes", INI_BYTES_MAX);
    text[*n] = '\0';
    *out = text;
    return ST_OK;
}

/* ---- lines ---- */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *
trim(char *text)
{
    size_t n;

    while (is_blank(*text))
        text++;
    n = strlen(text);
    while (n > 0 && is_blank(text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

static enum st
read_section(char *line, struct ini_entry *entry, struct err *err)
{
    char *close = strchr(line, ']'), *name;

    if (close == NULL)
        return err_fail(err, ST_USAGE, WHAT, "the bracket of the section is not closed");
    *close = '\0';
    name = trim(close + 1);
    if (*name != '\0' && *name != ';' && *name != '#')
        return err_fail(err, ST_USAGE, WHAT, "text behind a section: \"%.80s\"", name);
    line = trim(line + 1);
    name = line + strcspn(line, " \t");
    if (*name != '\0')
        *name++ = '\0';
    *entry = (struct ini_entry){ .kind = line, .name = trim(name) };
    return ST_OK;
}

/* What the author means by the text behind '='. */
static char *
read_value(char *text)
{
    size_t n;

    text = trim(text);
    n = strlen(text);
    /* '...' '...' are two strings, as nginx has them: whoever takes the value knows what to do. */
    if (n >= 2 && text[0] == '\'' && strchr(text + 1, '\'') == text + n - 1) {
        text[n - 1] = '\0';
        return text + 1;
    }
    if (*text == ';') /* "key = ; nothing" */
        *text = '\0';
    for (char *c = text; (c = strchr(c, ';')) != NULL; c++)
        if (c > text && is_blank(c[-1])) {
            *c = '\0';
            break;
        }
    return trim(text);
}

static enum st
read_key(char *line, struct ini_entry *entry, struct err *err)
{
    char *equals = strchr(line, '=');

    if (equals == NULL || equals == line) {
        err_fail(err, ST_USAGE, WHAT,
                 "this is neither a [section], nor KEY = VALUE, nor a comment");
        err_hint(err, "a comment starts with # or ;");
        return ST_USAGE;
    }
    if (entry->kind == NULL) {
        err_fail(err, ST_USAGE, WHAT, "a key before the first section");
        err_hint(err, "write [ingest] above it");
        return ST_USAGE;
    }
    *equals = '\0';
    entry->key = trim(line);
    entry->value = read_value(equals + 1);
    return ST_OK;
}

static enum st
check_bytes(const char *line, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)line[i] < 0x20 && line[i] != '\t' && line[i] != '\r') ||
            line[i] == 0x7f)
            return err_fail(err, ST_USAGE, WHAT, "byte %zu of the line is a control byte (0x%02x)",
                            i + 1, (unsigned char)line[i]);
    return ST_OK;
}

/* Who reads, and what was read. */
struct reader {
    const char  *path;
    ini_taker   *take;
    ini_problem *problem; /* NULL: the first ends it */
    void        *ctx;
    uint64_t     line_no;
    bool         lost; /* in a section that cannot be read */
};

static void
locate(const struct reader *r, struct err *err)
{
    if (err->path[0] == '\0')
        snprintf(err->path, sizeof err->path, "%s", r->path);
    if (err->line_no == 0)
        err->line_no = r->line_no;
}

/* ST_OK: it is told, and the next line may be read. */
static enum st
settle(struct reader *r, const char *line, enum st rc, struct err *err)
{
    if (rc != ST_USAGE || r->problem == NULL)
        return rc;
    if (*line == '[')
        r->lost = true;
    locate(r, err);
    r->problem(r->ctx, err);
    return ST_OK;
}

static enum st
read_line(struct reader *r, char *line, struct ini_entry *entry, struct err *err)
{
    enum st rc;

    if (*line == '[')
        r->lost = false;
    else if (r->lost)
        return ST_OK;
    rc = *line == '[' ? read_section(line, entry, err) : read_key(line, entry, err);
    entry->line_no = r->line_no;
    return rc == ST_OK ? r->take(r->ctx, entry, err) : rc;
}

static enum st
read_lines(struct reader *r, char *text, size_t n, struct err *err)
{
    struct ini_entry entry = { 0 };
    char *end = text + n;
    enum st rc = ST_OK;

    if (n >= 3 &&
        memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark, as some editors write it */
        text += 3;
    for (char *line = text, *next; line < end && rc == ST_OK; line = next) {
        char *feed = memchr(line, '\n', (size_t)(end - line));

        next = feed != NULL ? feed + 1 : end;
        r->line_no++;
        if ((rc = check_bytes(line, (size_t)((feed != NULL ? feed : end) - line), err)) != ST_OK) {
            rc = settle(r, line, rc, err);
            continue;
        }
        if (feed != NULL)
            *feed = '\0';
        line = trim(line);
        if (*line == '\0' || *line == '#' || *line == ';')
            continue;
        rc = settle(r, line, read_line(r, line, &entry, err), err);
    }
    return rc;
}

enum st
ini_read_all(const char *path, bool must, struct arena *arena, ini_taker *take,
             ini_problem *problem, void *ctx, struct err *err)
{
    struct reader r = { .path = path, .take = take, .problem = problem, .ctx = ctx };
    FILE *file = fopen(path, "re");
    size_t n = 0;
    char *text = NULL;
    enum st rc;

    if (file == NULL && !must && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return ST_EOF;
    if (file == NULL && errno == ENOMEM) {
        rc = err_memory(err, "cannot open the configuration");
    } else if (file == NULL) {
        rc = err_fail(err, ST_USAGE, "cannot open the configuration", "%s", strerror(errno));
    } else {
        if ((rc = slurp(file, arena, &text, &n, err)) == ST_OK)
            rc = read_lines(&r, text, n, err);
        fclose(file);
    }
    if (rc != ST_OK)
        locate(&r, err);
    return rc;
}

enum st
ini_read(const char *path, bool must, struct arena *arena, ini_taker *take, void *ctx,
         struct err *err)
{
    return ini_read_all(path, must, arena, take, NULL, ctx, err);
}
