/*
 * --shadow PACK: what another pack would have counted of the same lines, told beside what was
 * counted. The largest differences first, few of them; all of them in the order of names with -v
 * and --json.
 */
#include "ingest/base.h"

#include "ingest/clock.h"
#include "ingest/dataset.h"
#include "ingest/num.h"

#include "counting.h"

#define ROWS_SHOWN 20

struct kept {
    char   *name;
    size_t  n;
    int32_t day;
    int64_t counted, shadow;
};

struct shadowing {
    struct rules rules;
    struct kept  largest[ROWS_SHOWN]; /* the largest first; of equal ones the first in the order of names */
    size_t       n;
};

/* ---- what cannot be compared ---- */

static bool
is_zeco(const struct rule_pack *pack)
{
    return pack->ecosystem != NULL && strcmp(pack->ecosystem, "zeco") == 0;
}

/* They must be for one table: what zeco counts is looked up in Zeco's own. */
static enum st
check_packs(const struct rules *counted, const struct rules *shadow, struct err *err)
{
    static const char what[] = "cannot compare these rules";
    const struct rule_pack *a = counted->pack, *b = shadow->pack;
    bool both = a->ecosystem != NULL && b->ecosystem != NULL;

    if (digest_eq(&counted->kind, &shadow->kind))
        return err_fail(err, ST_USAGE, what, "--shadow %s counts just as the rules of this run do",
                        b->name);
    if (is_zeco(a) != is_zeco(b) || (both && strcmp(a->ecosystem, b->ecosystem) != 0)) {
        err_fail(err, ST_USAGE, what, "%s counts downloads of %s, --shadow %s those of %s", a->name,
                 a->ecosystem == NULL ? "any ecosystem" : a->ecosystem, b->name,
                 b->ecosystem == NULL ? "any" : b->ecosystem);
        err_hint(err, "a table holds one ecosystem: compare packs of the same");
        return ST_USAGE;
    }
    return ST_OK;
}

static enum st
check_run(const struct counting *c, struct err *err)
{
    static const char what[] = "cannot do both";
    const struct run_config *config = &c->config;
    const char *output = c->o->value[OPT_OUTPUT].text;

    if (config->replace)
        return err_fail(err, ST_USAGE, what,
                        "--shadow compares what is counted now, --replace overwrites what was");
    if (config->sink == RUN_TO_EIDA)
        return err_fail(err, ST_USAGE, what, "--to eida knows no rule packs, --shadow compares two");
    if (config->sink == RUN_TO_TEXT && strcmp(output, "-") == 0)
        return err_fail(err, ST_USAGE, what,
                        "--shadow and --output - both want standard output");
    if (config->dataset != NULL && !config->dataset->has_ecosystem) {
        err_fail(err, ST_USAGE, what,
                 "--shadow compares two rule packs, and dataset %s is counted without any",
                 config->dataset->name);
        err_hint(err, "packs are for downloads: dataset stats");
        return ST_USAGE;
    }
    return ST_OK;
}

/* ---- rows ---- */

static uint64_t
size_of(int64_t counted, int64_t shadow)
{
    return counted > shadow ? (uint64_t)(counted - shadow) : (uint64_t)(shadow - counted);
}

/* Rows come in the order of names, so one goes behind those that are as large. */
static enum st
keep(struct shadowing *s, const struct shadow_row *row, struct err *err)
{
    struct kept *k = s->largest;
    size_t at = s->n;

    while (at > 0 && size_of(k[at - 1].counted, k[at - 1].shadow) < size_of(row->counted, row->shadow))
        at--;
    if (at == ROWS_SHOWN)
        return ST_OK;
    if (s->n == ROWS_SHOWN)
        free(k[--s->n].name);
    memmove(&k[at + 1], &k[at], (s->n - at) * sizeof *k);
    s->n++;
    k[at] = (struct kept){ .name = malloc(row->name.n + 1),
                           .n = row->name.n,
                           .day = row->day,
                           .counted = row->counted,
                           .shadow = row->shadow };
    if (k[at].name == NULL)
        return err_memory(err, "cannot tell what differs");
    memcpy(k[at].name, row->name.p, row->name.n);
    return ST_OK;
}

static void
tell_text(const struct counting *c, const struct kept *k)
{
    char day[11], counted[32], shadow[32], differ[32];

    clock_format_day(k->day, day);
    fputs("stats ", stdout);
    say_text(stdout, k->name, k->n);
    printf("/%s: %s counted, %s under \"", day, num_grouped((uint64_t)k->counted, counted),
           num_grouped((uint64_t)k->shadow, shadow));
    say_text(stdout, c->config.shadow->pack->name, strlen(c->config.shadow->pack->name));
    printf("\" (%c%s)\n", k->shadow < k->counted ? '-' : '+',
           num_grouped(size_of(k->counted, k->shadow), differ));
}

static void
tell_json(const struct shadow_row *row)
{
    char day[11];

    clock_format_day(row->day, day);
    fputs("{\"name\":", stdout);
    say_json(stdout, row->name.p, row->name.n);
    printf(",\"day\":\"%s\",\"counted\":%" PRId64 ",\"shadow\":%" PRId64 ",\"difference\":%" PRId64
           "}\n",
           day, row->counted, row->shadow, row->shadow - row->counted);
}

static enum st
on_differs(void *ctx, const struct shadow_row *row, struct err *err)
{
    struct counting *c = ctx;

    if (!option_is_on(c->o, OPT_JSON) && !c->teller.verbose)
        return keep(c->shadowing, row, err);
    progress_clear();
    if (option_is_on(c->o, OPT_JSON))
        tell_json(row);
    else
        tell_text(c, &(struct kept){ (char *)(uintptr_t)row->name.p, row->name.n, row->day,
                                     row->counted, row->shadow });
    return ferror(stdout) ? err_fail(err, ST_DISK, "cannot write to standard output", "%s",
                                     strerror(errno))
                          : ST_OK;
}

/* ---- the end ---- */

static void
put_name(const struct rules *rules)
{
    putchar('"');
    say_text(stdout, rules->pack->name, strlen(rules->pack->name));
    putchar('"');
}

static void
total_text(const struct counting *c, const struct shadow_total *t)
{
    char shadow[32], records[32], counted[32], names[32];

    fputs("under ", stdout);
    put_name(c->config.shadow);
    printf(" %s of %s records would count, under ", num_grouped((uint64_t)t->shadow, shadow),
           num_grouped(t->records, records));
    put_name(c->config.rules);
    printf(" %s; ", num_grouped((uint64_t)t->counted, counted));
    if (t->names == 0)
        puts("no name differs");
    else
        printf("%s name%s\n", num_grouped(t->names, names), t->names == 1 ? " differs" : "s differ");
}

static void
total_json(const struct counting *c, const struct shadow_total *t)
{
    const char *shadow = c->config.shadow->pack->name, *rules = c->config.rules->pack->name;

    fputs("{\"shadow\":", stdout);
    say_json(stdout, shadow, strlen(shadow));
    fputs(",\"rules\":", stdout);
    say_json(stdout, rules, strlen(rules));
    printf(",\"records\":%" PRIu64 ",\"counted\":%" PRId64 ",\"would_count\":%" PRId64
           ",\"names\":%" PRIu64 ",\"rows\":%" PRIu64 "}\n",
           t->records, t->counted, t->shadow, t->names, t->rows);
}

static void
on_shadowed(void *ctx, const struct shadow_total *t)
{
    const struct counting *c = ctx;
    const struct shadowing *s = c->shadowing;
    char others[32];

    progress_clear();
    if (option_is_on(c->o, OPT_JSON)) {
        total_json(c, t);
        return;
    }
    for (size_t i = 0; i < s->n; i++)
        tell_text(c, &s->largest[i]);
    if (s->n > 0 && t->rows > s->n)
        printf("and %s others: -v\n", num_grouped(t->rows - s->n, others));
    if (!c->teller.quiet)
        total_text(c, t);
}

enum st
shadow_read(struct counting *c, struct err *err)
{
    struct run_config *config = &c->config;
    enum st rc;

    if (c->o->value[OPT_SHADOW].text == NULL)
        return ST_OK;
    if ((rc = check_run(c, err)) != ST_OK)
        return rc;
    if ((c->shadowing = calloc(1, sizeof *c->shadowing)) == NULL)
        return err_memory(err, "cannot compare rules");
    if ((rc = names_shadow(c->o, config, &c->shadowing->rules, err)) != ST_OK ||
        (rc = check_packs(config->rules, &c->shadowing->rules, err)) != ST_OK)
        return rc;
    config->shadow = &c->shadowing->rules;
    config->shadow_differs = on_differs;
    config->shadowed = on_shadowed;
    return ST_OK;
}

void
shadow_release(struct counting *c)
{
    if (c->shadowing == NULL)
        return;
    for (size_t i = 0; i < c->shadowing->n; i++)
        free(c->shadowing->largest[i].name);
    rules_release(&c->shadowing->rules);
    free(c->shadowing);
    c->shadowing = NULL;
}
