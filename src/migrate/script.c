/*
 * Reading migration files: which there are, what they would make or drop, which lines are left out.
 * No server near. Their form is described in schema/README.md.
 */
#include "migrate_priv.h"

#include "ingest/hash.h"

static const char up_end[] = ".up.sql", down_end[] = ".down.sql";

static const char *
text_of(const char *path)
{
    for (size_t i = 0; i < n_schema_files; i++)
        if (strcmp(schema_files[i].path, path) == 0)
            return schema_files[i].text;
    return NULL;
}

const char *
schema_notebook(void)
{
    return text_of("migrations.sql");
}

/* Is this path "<set>/<file>.up.sql"? Then the file's length, else 0. */
static size_t
up_name(const char *path, const char *set)
{
    size_t n_set = strlen(set), n = strlen(path), n_end = sizeof up_end - 1;

    if (strncmp(path, set, n_set) != 0 || path[n_set] != '/' || n <= n_set + 1 + n_end ||
        strcmp(path + n - n_end, up_end) != 0)
        return 0;
    return n - n_set - 1 - n_end;
}

bool
migration_next(const char *set, size_t *at, struct migration *m)
{
    for (; *at < n_schema_files; ++*at) {
        const struct schema_file *f = &schema_files[*at];
        size_t n = up_name(f->path, set);
        char down[160];
        struct digest d;

        if (n == 0)
            continue;
        *m = (struct migration){ .up = f->text };
        assert(n < sizeof m->file && strlen(set) < sizeof m->set);
        snprintf(m->set, sizeof m->set, "%s", set);
        snprintf(m->file, sizeof m->file, "%.*s", (int)n, f->path + strlen(set) + 1);
        snprintf(down, sizeof down, "%s/%s%s", m->set, m->file, down_end);
        m->down = text_of(down);
        assert(m->down != NULL); /* both files are required; a test holds the tree to it */
        d = hash_plain(f->text, strlen(f->text));
        for (size_t i = 0; i < sizeof d.b; i++)
            snprintf(m->checksum + 2 * i, 3, "%02x", d.b[i]);
        ++*at;
        return true;
    }
    return false;
}

bool
script_line(const char **at, struct slice *line)
{
    const char *lf;

    if (**at == '\0')
        return false;
    lf = strchr(*at, '\n');
    line->p = *at;
    line->n = lf == NULL ? strlen(*at) : (size_t)(lf - *at);
    *at += line->n + (lf != NULL);
    return true;
}

static struct slice
trim(struct slice s)
{
    while (s.n > 0 && s.p[0] == ' ') {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

static bool
opens_sketches(struct slice line)
{
    return slice_is(trim(line), "-- sketches:");
}

bool
script_wants_hll(const char *text)
{
    struct slice line;

    while (script_line(&text, &line))
        if (opens_sketches(line))
            return true;
    return false;
}

bool
script_sketches_as_in(const char *text, struct slice *table)
{
    static const char as_in[] = "-- sketches as in: ";
    struct slice line;

    while (script_line(&text, &line))
        if (slice_starts(line, SLICE(as_in))) {
            *table = trim((struct slice){ line.p + sizeof as_in - 1, line.n - (sizeof as_in - 1) });
            return true;
        }
    return false;
}

void
script_select(struct buf *b, const char *text, bool no_sketches)
{
    bool inside = false;
    struct slice line;

    while (script_line(&text, &line)) {
        bool ends = inside && slice_is(trim(line), "-- end");

        inside = inside || opens_sketches(line);
        if (!(inside && no_sketches)) {
            buf_add_slice(b, line);
            buf_text(b, "\n");
        }
        inside = inside && !ends;
    }
}

static bool
take_word(struct slice *line, struct slice word)
{
    if (!slice_starts(*line, word) || (line->n > word.n && line->p[word.n] != ' '))
        return false;
    *line = trim((struct slice){ line->p + word.n, line->n - word.n });
    return true;
}

bool
script_object(struct slice line, struct slice verb, struct script_object *o)
{
    static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789_.",
                      own[] = "-- own rows:";
    const char *rows;
    size_t n = 0;

    *o = (struct script_object){ .is_table = false };
    if (!take_word(&line, verb))
        return false;
    if (take_word(&line, SLICE("TABLE")))
        o->is_table = true;
    else if (!take_word(&line, SLICE("VIEW")))
        return false;
    while (n < line.n && memchr(name_bytes, line.p[n], sizeof name_bytes - 1) != NULL)
        n++;
    o->name = (struct slice){ line.p, n };
    rows = memmem(line.p, line.n, own, sizeof own - 1);
    if (rows != NULL) {
        rows += sizeof own - 1;
        o->own_rows = trim((struct slice){ rows, (size_t)(line.p + line.n - rows) });
    }
    return n > 0;
}
