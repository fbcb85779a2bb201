/*
 * Printing what an audit or the doctor tells. Keys and names come from logs and servers: all of it
 * goes through say.c.
 */
#include "ingest/base.h"

#include "ingest/num.h"

#include "findings.h"

static const char *const words[] = {
    [AUDIT_OK] = "ok",
    [AUDIT_NOTE] = "note",
    [AUDIT_FINDING] = "finding",
};

enum st
findings_begin(struct findings *f, const struct options *o, struct err *err)
{
    *f = (struct findings){
        .to = stdout,
        .json = option_is_on(o, OPT_JSON),
        .quiet = option_is_on(o, OPT_QUIET),
    };
    if (f->json)
        f->to = open_memstream(&f->text, &f->n_text);
    return f->to == NULL ? err_memory(err, "cannot tell what is found") : ST_OK;
}

/* ---- for people ---- */

static void
put(const struct findings *f, const char *before, const char *text)
{
    if (text == NULL)
        return;
    fputs(before, f->to);
    say_text(f->to, text, strlen(text));
}

static void
print_text(const struct findings *f, const struct audit_line *line)
{
    char more[32];

    put(f, "", words[line->word]);
    put(f, ": ", line->table != NULL ? line->table : line->check);
    put(f, " ", line->month);
    put(f, " of ", line->node);
    if (line->key != NULL) {
        put(f, " (", line->key);
        fputc(')', f->to);
    }
    put(f, ": ", line->what);
    put(f, ": the ledger has ", line->table != NULL ? line->ours : NULL);
    put(f, line->ours != NULL ? ", the table " : ": it is ", line->theirs);
    put(f, "; ", line->why);
    if (line->more > 0)
        put(f, "; as many more: ", num_grouped((uint64_t)line->more, more));
    fputc('\n', f->to);
}

/* ---- JSON ---- */

static void
json_member(const struct findings *f, const char *name, const char *text)
{
    fprintf(f->to, ",\"%s\":", name);
    if (text == NULL)
        fputs("null", f->to);
    else
        say_json(f->to, text, strlen(text));
}

static void
print_json(const struct findings *f, const struct audit_line *line)
{
    fprintf(f->to, "%s{\"word\":\"%s\"", f->n_lines == 0 ? "{\"lines\":[" : ",", words[line->word]);
    json_member(f, "check", line->check);
    json_member(f, "table", line->table);
    json_member(f, "month", line->month);
    json_member(f, "node", line->node);
    json_member(f, "key", line->key);
    json_member(f, "ours", line->ours);
    json_member(f, "theirs", line->theirs);
    json_member(f, "what", line->what);
    json_member(f, "why", line->why);
    fprintf(f->to, ",\"more\":%" PRId64 "}", line->more);
}

/* ---- both ---- */

void
findings_say(void *ctx, const struct audit_line *line)
{
    struct findings *f = ctx;

    if (f->json)
        print_json(f, line);
    else if (!f->quiet || line->word == AUDIT_FINDING)
        print_text(f, line);
    f->n_lines++;
}

void
findings_end(struct findings *f, uint64_t n_findings, bool whole)
{
    if (!f->json)
        return;
    if (f->to != NULL) {
        fprintf(f->to, "%s],\"findings\":%" PRIu64 "}\n", f->n_lines == 0 ? "{\"lines\":[" : "",
                n_findings);
        fclose(f->to);
    }
    if (whole && f->text != NULL)
        fwrite(f->text, 1, f->n_text, stdout);
    free(f->text);
}
