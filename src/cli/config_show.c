/*
 * `ingest config`: every value that holds, and where it was said. What it prints is a configuration
 * again, in which `;` says where from; passwords are masked.
 */
#include "ingest/base.h"

#include "ingest/pg.h"
#include "ingest/secret.h"

#include "config.h"
#include "config_command.h"
#include "counting.h"

#define WHERE_AT 40 /* the column, where the value leaves room */

/* One line, or one object. */
struct shown {
    const char *key, *value;
    enum origin origin;
    uint64_t line_no;     /* of the file, with FROM_CONFIG */
    const char *variable; /* with FROM_ENVIRONMENT */
    const char *note;     /* NULL: none */
};

struct show {
    const struct options *o;
    bool json;
    const char *comma; /* before the next object */
};

/* ---- one value ---- */

/* Behind " ;" stands a comment, and blanks at the ends do not count: such a value wants quotes. */
static bool
wants_quotes(const char *value)
{
    size_t n = strlen(value);

    if (n == 0 || strchr(value, '\'') != NULL)
        return false;
    return value[0] == ';' || value[0] == ' ' || value[0] == '\t' || value[n - 1] == ' ' ||
           value[n - 1] == '\t' || strstr(value, " ;") != NULL || strstr(value, "\t;") != NULL;
}

static void
print_where(const struct show *s, const struct shown *v)
{
    fputs("; ", stdout);
    switch (v->origin) {
    case FROM_COMMAND_LINE:
        printf("--%s", v->key);
        break;
    case FROM_ENVIRONMENT:
        printf("$%s", v->variable);
        break;
    case FROM_CONFIG:
        say_text(stdout, s->o->config->path, strlen(s->o->config->path));
        printf(":%" PRIu64, v->line_no);
        break;
    case FROM_DEFAULT:
        fputs("default", stdout);
        break;
    }
    if (v->note != NULL)
        printf(", %s", v->note);
    putchar('\n');
}

static void
show_text(const struct show *s, const struct shown *v)
{
    int width;

    if (wants_quotes(v->value)) { /* behind which nothing may stand */
        print_where(s, v);
        printf("%s = '", v->key);
        say_text(stdout, v->value, strlen(v->value));
        puts("'");
        return;
    }
    width = printf("%s = ", v->key) + (int)strlen(v->value);
    say_text(stdout, v->value, strlen(v->value));
    printf("%*s ", width < WHERE_AT ? WHERE_AT - width : 0, "");
    print_where(s, v);
}

static void
json_member(const char *comma, const char *name, const char *value)
{
    printf("%s\"%s\":", comma, name);
    say_json(stdout, value, strlen(value));
}

static void
show_json(struct show *s, const struct shown *v)
{
    static const char *const from[] = { "default", "file", "variable", "option" };

    fputs(s->comma, stdout);
    s->comma = ",";
    json_member("{", "key", v->key);
    json_member(",", "value", v->value);
    json_member(",", "from", from[v->origin]);
    if (v->origin == FROM_CONFIG) {
        json_member(",", "file", s->o->config->path);
        printf(",\"line\":%" PRIu64, v->line_no);
    }
    if (v->origin == FROM_ENVIRONMENT)
        json_member(",", "variable", v->variable);
    if (v->note != NULL)
        json_member(",", "note", v->note);
    putchar('}');
}

static void
show(struct show *s, const struct shown *v)
{
    if (s->json)
        show_json(s, v);
    else
        show_text(s, v);
}

/* ---- sections ---- */

static void
begin_section(struct show *s, const char *kind, const char *name)
{
    if (!s->json) {
        printf("\n[%s%s%s]\n", kind, name[0] != '\0' ? " " : "", name); /* names are plain */
        return;
    }
    fputs(s->comma, stdout);
    json_member("{", "section", kind);
    if (name[0] != '\0')
        json_member(",", "name", name);
    fputs(",\"values\":[", stdout);
    s->comma = "";
}

static void
end_section(struct show *s)
{
    if (s->json)
        fputs("]}", stdout);
    s->comma = ",";
}

/* ---- [ingest] ---- */

/* The password of an address never appears; what cannot be understood is kept back as a whole. */
static char *
masked(const char *database)
{
    char *rest = NULL, *password = NULL, *out = NULL;

    if (!pg_conninfo_is_sound(database)) /* any piece of it may be one: "postgresq://me:..." */
        return strdup("***");
    if (!pg_conninfo_has_password(database))
        return strdup(database);
    if (!pg_conninfo_split(database, &rest, &password))
        return strdup("***");
    if (asprintf(&out, "%s%spassword=***", rest, rest[0] != '\0' ? " " : "") < 0)
        out = NULL;
    if (password != NULL)
        explicit_bzero(password, strlen(password));
    free(password);
    free(rest);
    return out;
}

/* The line of [ingest] whose value holds: the last; of options that come often, the nth. */
uint64_t
config_line_of(const struct config *config, enum option_id id, size_t nth)
{
    uint64_t line_no = 0;
    size_t n = 0;

    for (const struct config_said *said = config->said; said != NULL; said = said->next) {
        const struct ini_entry *e = &said->entry;

        if (e->key == NULL || strcmp(e->kind, "ingest") != 0 || config_find_key(e->key) != (int)id)
            continue;
        line_no = e->line_no;
        if (option_defs[id].kind == OPTION_LIST && n++ == nth)
            break;
    }
    return line_no;
}

static void
show_option(struct show *s, enum option_id id, const char *value, size_t nth)
{
    struct shown v = { .key = option_defs[id].name,
                       .value = value,
                       .origin = s->o->value[id].origin };
    char *hidden = NULL;

    if (id == OPT_DATABASE)
        v.value = (hidden = masked(value)) != NULL ? hidden : "***";
    if (v.origin == FROM_CONFIG)
        v.line_no = config_line_of(s->o->config, id, nth);
    if (v.origin == FROM_ENVIRONMENT)
        v.variable = "INGEST_DATABASE";
    if (option_defs[id].kind == OPTION_FLAG && v.value[0] == '\0')
        v.value = "true";
    show(s, &v);
    free(hidden);
}

/* What holds where nothing is said, if it is more than nothing. NULL: nothing. */
static const char *
default_of(const struct options *o, enum option_id id, char *room, size_t cap)
{
    switch (id) {
    case OPT_FORMAT:
        return o->value[OPT_LOG_FORMAT].text == NULL ? "auto" : NULL;
    case OPT_RULES:
        return "default";
    case OPT_NODE:
        return "local";
    case OPT_MEMORY:
        return "256M";
    case OPT_MAX_REJECT:
        return "50";
    case OPT_PROGRESS:
        return "auto";
    case OPT_LOG_STYLE:
        return style_default();
    case OPT_QUEUE:
        return "ingest";
    case OPT_JOBS:
        snprintf(room, cap, "%d", usable_cores());
        return room;
    case OPT_CLIENT_KEY:
        return !place_is_local(o) && config_home_path(room, cap, "client.key") ? room : NULL;
    default:
        return NULL;
    }
}

static bool
show_credential(struct show *s, enum option_id id, const char *file)
{
    char path[4096];
    struct shown v = { .key = option_defs[id].name,
                       .value = path,
                       .origin = FROM_ENVIRONMENT,
                       .variable = "CREDENTIALS_DIRECTORY" };

    if (s->o->value[id].origin == FROM_COMMAND_LINE || !secret_credential(file, path, sizeof path))
        return false;
    show(s, &v);
    return true;
}

/* Who submits is asked of the environment as it is needed, as token_read does. */
static bool
show_token(struct show *s)
{
    const char *file = getenv("INGEST_TOKEN_FILE"), *token = getenv("INGEST_TOKEN");
    struct shown v = { .key = "token-file", .origin = FROM_ENVIRONMENT };

    if (s->o->value[OPT_TOKEN_FILE].origin == FROM_COMMAND_LINE)
        return false;
    if (file != NULL && file[0] != '\0') {
        v.value = file;
        v.variable = "INGEST_TOKEN_FILE";
    } else if (token != NULL && token[0] != '\0') {
        v.value = "";
        v.variable = "INGEST_TOKEN";
        v.note = "the token itself, which is not shown";
    } else {
        return show_credential(s, OPT_TOKEN_FILE, "token");
    }
    show(s, &v);
    return true;
}

/* Without an address libpq looks for these. */
static void
show_libpq(struct show *s)
{
    static const char *const names[] = { "PGSERVICE", "PGHOST",     "PGHOSTADDR",
                                         "PGPORT",    "PGDATABASE", "PGUSER" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct shown v = { .key = "database",
                           .value = getenv(names[i]),
                           .origin = FROM_ENVIRONMENT,
                           .variable = names[i],
                           .note = "by libpq" };

        if (v.value != NULL && !s->json) {
            printf("; %s = ", names[i]);
            say_line(stdout, v.value);
        } else if (v.value != NULL) {
            show(s, &v);
        }
    }
}

static void
show_options(struct show *s)
{
    char room[512];

    begin_section(s, "ingest", "");
    for (int i = 0; i < OPTIONS_N; i++) {
        enum option_id id = (enum option_id)i;
        const char *text = s->o->value[i].text;
        struct shown v = { .key = option_defs[i].name, .origin = FROM_DEFAULT };

        if (id == OPT_CONFIG || id == OPT_CHECK || id == OPT_JSON)
            continue;
        for (size_t r = 0; id == OPT_ROUTE && r < s->o->n_routes; r++)
            show_option(s, id, s->o->routes[r], r);
        if ((id == OPT_TOKEN_FILE && show_token(s)) ||
            (id == OPT_CLIENT_KEY && show_credential(s, id, "client.key")))
            continue;
        if (text != NULL)
            show_option(s, id, text, 0);
        else if (id == OPT_DATABASE && !place_is_local(s->o))
            show_libpq(s);
        else if ((v.value = default_of(s->o, id, room, sizeof room)) != NULL)
            show(s, &v);
    }
    end_section(s);
}

/* ---- the other sections ---- */

/* What a source does not say holds as in [ingest], and the command line above both. */
static void
show_inherited(struct show *s, const struct config_source *source)
{
    const struct {
        enum option_id id;
        const char *said;
    } keys[] = { { OPT_FORMAT, source->format },
                 { OPT_RULES, source->rules },
                 { OPT_DATASET, source->dataset },
                 { OPT_NODE, source->node } };

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *text = s->o->value[keys[i].id].text;

        if (text != NULL && (keys[i].said == NULL || s->o->value[keys[i].id].origin > FROM_CONFIG))
            show_option(s, keys[i].id, text, 0);
    }
}

/* Is it set aside by the command line or the environment? */
static bool
is_outdone(const struct show *s, const struct ini_entry *e)
{
    int id = strcmp(e->kind, "source") == 0 ? config_find_key(e->key) : -1;

    return (id == OPT_FORMAT || id == OPT_RULES || id == OPT_DATASET || id == OPT_NODE) &&
           s->o->value[id].origin > FROM_CONFIG;
}

static const struct config_source *
find_source(const struct config *config, const char *name)
{
    const struct config_source *s = config->sources;

    while (s != NULL && strcmp(s->name, name) != 0)
        s = s->next;
    return s;
}

static bool
has_key(const struct config_said *section, const char *key)
{
    for (const struct config_said *at = section->next; at != NULL && at->entry.key != NULL;
         at = at->next)
        if (strcmp(at->entry.key, key) == 0)
            return true;
    return false;
}

static const struct config_said *
find_section(const struct config *config, const char *kind, const char *name)
{
    for (const struct config_said *at = config->said; at != NULL; at = at->next)
        if (at->entry.key == NULL && strcmp(at->entry.kind, kind) == 0 &&
            strcmp(at->entry.name, name) == 0)
            return at;
    return NULL;
}

/* A pack takes over what it does not say from its base, which may be one of the file, and stands
 * before it. */
static void
show_bases(struct show *s, const struct config_said *section)
{
    const struct config_said *base = section, *chain[32];
    size_t n = 0;

    while (base != NULL && n < ARRAY_LEN(chain)) {
        const char *name = NULL;

        chain[n++] = base;
        for (const struct config_said *at = base->next; at != NULL && at->entry.key != NULL;
             at = at->next)
            if (strcmp(at->entry.key, "base") == 0)
                name = at->entry.value;
        base = name != NULL ? find_section(s->o->config, "rules", name) : NULL;
        for (const struct config_said *at = base != NULL ? base->next : NULL;
             at != NULL && at->entry.key != NULL; at = at->next) {
            struct shown v = { .key = at->entry.key,
                               .value = at->entry.value,
                               .origin = FROM_CONFIG,
                               .line_no = at->entry.line_no,
                               .note = "by its base" };
            bool said = strcmp(v.key, "base") == 0;

            for (size_t i = 0; i < n; i++)
                said = said || has_key(chain[i], v.key);
            if (!said)
                show(s, &v);
        }
    }
}

static void
show_section(struct show *s, const struct config_said *section)
{
    const struct ini_entry *head = &section->entry;

    begin_section(s, head->kind, head->name);
    for (const struct config_said *at = section->next; at != NULL && at->entry.key != NULL;
         at = at->next) {
        struct shown v = { .key = at->entry.key,
                           .value = at->entry.value,
                           .origin = FROM_CONFIG,
                           .line_no = at->entry.line_no };

        if (!is_outdone(s, &at->entry))
            show(s, &v);
    }
    if (strcmp(head->kind, "source") == 0)
        show_inherited(s, find_source(s->o->config, head->name));
    if (strcmp(head->kind, "rules") == 0) {
        show_bases(s, section);
        if (!s->json)
            printf("; `ingest explain --rules %s` shows all that it comes to\n", head->name);
    }
    end_section(s);
}

static void
show_file(const struct show *s)
{
    const char *path = s->o->config->path;

    if (s->json) {
        fputs("{\"file\":", stdout);
        if (path[0] != '\0')
            say_json(stdout, path, strlen(path));
        else
            fputs("null", stdout);
        fputs(",\"sections\":[", stdout);
    } else if (path[0] != '\0') {
        fputs("; the configuration is ", stdout);
        say_line(stdout, path);
    } else {
        puts(
            "; there is no configuration file: neither ~/.config/ingest/ingest.ini nor /etc/ingest/ingest.ini");
    }
}

int
cli_config(const struct options *o)
{
    struct show s = { .o = o, .json = option_is_on(o, OPT_JSON), .comma = "" };
    struct err err;

    if (config_check_words(o, &err) != ST_OK) {
        say_error(&err);
        return exit_status_of(err.code, 0);
    }
    show_file(&s);
    show_options(&s);
    for (const struct config_said *at = o->config->said; at != NULL; at = at->next)
        if (at->entry.key == NULL && strcmp(at->entry.kind, "ingest") != 0)
            show_section(&s, at);
    if (s.json)
        puts("]}");
    return 0;
}
