/*
 * `ingest explain --url URL` and `ingest explain --rules NAME`: what the rules say, without a log.
 */
#include "ingest/base.h"

#include "explain_priv.h"

static void
say_match(const struct route_match *m)
{
    fputs("  name      ", stdout);
    say_text(stdout, m->name.p, m->name.n);
    fputs("\n  version   ", stdout);
    if (m->version.p != NULL)
        say_text(stdout, m->version.p, m->version.n);
    else
        fputs("none", stdout);
    printf("\n  ecosystem %s\n", m->ecosystem);
}

static void
json_match(const struct route_match *m)
{
    fputs(",\"name\":", stdout);
    say_json(stdout, m->name.p, m->name.n);
    fputs(",\"version\":", stdout);
    if (m->version.p != NULL)
        say_json(stdout, m->version.p, m->version.n);
    else
        fputs("null", stdout);
}

static void
say_tried(size_t i, const struct route_view *route, const char *why, const struct route_match *m)
{
    (void)i;
    printf("%s %-9s ", why == NULL ? "takes it " : "tried    ", route->ecosystem);
    say_text(stdout, route->text.p, route->text.n);
    printf("%s%s\n", why == NULL ? "" : ": ", why == NULL ? "" : why);
    if (why == NULL)
        say_match(m);
}

static void
json_tried(size_t i, const struct route_view *route, const char *why, const struct route_match *m)
{
    printf("%s{\"template\":", i == 0 ? "" : ",");
    say_json(stdout, route->text.p, route->text.n);
    fputs(",\"ecosystem\":", stdout);
    say_json(stdout, route->ecosystem, strlen(route->ecosystem));
    printf(",\"takes\":%s", why == NULL ? "true" : "false");
    if (why == NULL)
        json_match(m);
    else
        printf(",\"because\":\"%s\"", why);
    putchar('}');
}

/* As a line's path is treated, and the same routes in the same order. */
int
explain_url(const struct rules *rules, const char *url, bool json)
{
    char *scratch = malloc(strlen(url) + 1), room[ROUTE_ROOM];
    const char *why = "";
    struct route_view route;
    struct route_match match;
    struct slice path;

    if (scratch == NULL)
        return EXIT_OURS;
    path = path_clean(slice_of(url), 1, scratch);
    fputs(json ? "{\"path\":" : "path      ", stdout);
    (json ? say_json : say_text)(stdout, path.p, path.n);
    fputs(json ? ",\"routes\":[" : "\n", stdout);
    for (size_t i = 0; why != NULL && route_view_at(rules, i, &route); i++) {
        why = route_view_try(rules, i, path, room, &match);
        (json ? json_tried : say_tried)(i, &route, why, &match);
    }
    if (json)
        printf("],\"is_a_download\":%s}\n", why == NULL ? "true" : "false");
    else if (why != NULL)
        puts("no route takes it: it is not a download");
    free(scratch);
    return why == NULL ? 0 : EXIT_REFUSED;
}

/* One after another the lines of a text: "WORD REST". False behind the last. */
static bool
next_entry(const char **at, struct slice *word, struct slice *rest)
{
    size_t n = strcspn(*at, "\n"), k = strcspn(*at, " \n");

    if (**at == '\0')
        return false;
    *word = (struct slice){ *at, k };
    *rest = k < n ? (struct slice){ *at + k + 1, n - k - 1 } : SLICE("");
    *at += n + ((*at)[n] == '\n');
    return true;
}

static void
text_rules(const struct rules *rules, const char *id, const char *text)
{
    struct slice word, rest;

    fputs("pack      ", stdout);
    say_text(stdout, rules->pack->name, strlen(rules->pack->name));
    fputs(": ", stdout);
    say_line(stdout, rules->pack->about);
    printf("version   %u\nrules_id  %s\n\n", rules->pack->version, id);
    while (next_entry(&text, &word, &rest)) {
        say_text(stdout, word.p, word.n);
        putchar(' ');
        say_text(stdout, rest.p, rest.n);
        putchar('\n');
    }
}

static void
json_rules(const struct rules *rules, const char *id, const char *text)
{
    const char *comma = "", *at = text;
    struct slice word, rest;

    fputs("{\"pack\":", stdout);
    say_json(stdout, rules->pack->name, strlen(rules->pack->name));
    printf(",\"version\":%u,\"rules_id\":\"%s\",\"counts\":{", rules->pack->version, id);
    while (next_entry(&at, &word, &rest)) {
        if (slice_is(word, "route"))
            continue;
        fputs(comma, stdout);
        say_json(stdout, word.p, word.n);
        putchar(':');
        say_json(stdout, rest.p, rest.n);
        comma = ",";
    }
    fputs("},\"routes\":[", stdout);
    for (at = text, comma = ""; next_entry(&at, &word, &rest);) {
        if (!slice_is(word, "route"))
            continue;
        fputs(comma, stdout);
        say_json(stdout, rest.p, rest.n);
        comma = ",";
    }
    fputs("]}\n", stdout);
}

/* The canonical text is what the fingerprint is made of: nothing counts that is not in it. */
int
explain_rules(const struct rules *rules, bool json)
{
    char *text = rules_canonical(rules);
    struct buf id = { 0 };
    bool good = text != NULL && buf_hex(&id, rules->id.b, sizeof rules->id.b);

    if (good && (good = buf_str(&id) != NULL))
        (json ? json_rules : text_rules)(rules, id.p, text);
    free(text);
    buf_release(&id);
    return good ? 0 : EXIT_OURS;
}
