/*
 * How messages look: for people, as JSON lines for what collects logs, or with priorities for
 * systemd's journal (sd-daemon(3)). Which of them, and whether there are colours (no-color.org,
 * bixense.com/clicolors).
 */
#include "ingest/base.h"

#include <sys/stat.h>
#include <time.h>

#include "cli_priv.h"

enum style { STYLE_TEXT, STYLE_JSON, STYLE_JOURNAL };

static struct {
    enum style style;
    bool colours;
} look;

/* ---- which ---- */

/* systemd.exec(5): "device:inode" of the stream, if it is the one that the service manager made. */
static bool
stderr_is_journal(void)
{
    const char *said = getenv("JOURNAL_STREAM");
    char here[64];
    struct stat st;

    if (said == NULL || fstat(STDERR_FILENO, &st) != 0)
        return false;
    snprintf(here, sizeof here, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(here, said) == 0;
}

static bool
is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

static bool
is_zero(const char *name)
{
    return is_set(name) && strcmp(getenv(name), "0") == 0;
}

static bool
wants_colours(void)
{
    const char *term = getenv("TERM");

    if (is_set("NO_COLOR"))
        return false;
    if (is_set("CLICOLOR_FORCE") && !is_zero("CLICOLOR_FORCE"))
        return true;
    return isatty(STDERR_FILENO) == 1 && !is_zero("CLICOLOR") && term != NULL &&
           strcmp(term, "dumb") != 0;
}

static enum st
find_style(const struct options *o, enum style *style, struct err *err)
{
    static const char *const names[] = { "text", "json", "journal" };
    const char *text = o->value[OPT_LOG_STYLE].text;

    *style = stderr_is_journal() ? STYLE_JOURNAL : STYLE_TEXT;
    for (size_t i = 0; text != NULL && i < ARRAY_LEN(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *style = (enum style)i;
            return ST_OK;
        }
    return text == NULL ? ST_OK : options_bad_value(o, OPT_LOG_STYLE, "text, json or journal", err);
}

enum st
style_check(const struct options *o, struct err *err)
{
    enum style ignored;

    return find_style(o, &ignored, err);
}

enum st
style_choose(const struct options *o, struct err *err)
{
    enum style style;
    enum st rc = find_style(o, &style, err);

    if (rc == ST_OK)
        look.style = style;
    look.colours = look.style == STYLE_TEXT && wants_colours();
    return rc;
}

const char *
style_default(void)
{
    return stderr_is_journal() ? "journal" : "text";
}

bool
style_is_text(void)
{
    return look.style == STYLE_TEXT;
}

/* ---- one message ---- */

static void
put_member(FILE *to, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    fprintf(to, ",\"%s\":", name);
    say_json(to, value, strlen(value));
}

static void
put_json(FILE *to, enum say_level level, const char *message)
{
    struct timespec now;
    struct tm tm;
    char date[32] = "";

    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &tm) != NULL)
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    fprintf(to, "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"message\":", date,
            now.tv_nsec / 1000000, level == SAY_ERROR ? "error" : "info");
    say_json(to, message, strlen(message));
}

static void
put_json_error(FILE *to, const struct err *err)
{
    put_json(to, SAY_ERROR, err->what);
    put_member(to, "file", err->path);
    if (err->line_no > 0)
        fprintf(to, ",\"line\":%" PRIu64, err->line_no);
    if (err->offset != UINT64_MAX)
        fprintf(to, ",\"byte\":%" PRIu64, err->offset);
    put_member(to, "cause", err->cause);
    put_member(to, "hint", err->hint);
    fputs("}\n", to);
}

/* A cause may have lines of its own: a template with a caret under the byte. */
static void
put_part(FILE *to, const char *priority, const char *label, const char *text)
{
    bool dim = look.colours && label[0] == 'h';

    while (text[0] != '\0') {
        size_t n = strcspn(text, "\n");

        fprintf(to, "%s%s  %-6s ", priority, dim ? "\033[2m" : "", label);
        say_text(to, text, n);
        fputs(dim ? "\033[0m\n" : "\n", to);
        text += n + (text[n] == '\n');
        label = "";
    }
}

static void
put_text_error(FILE *to, const char *priority, const struct err *err)
{
    fprintf(to, "%singest: %s", priority, look.colours ? "\033[31merror:\033[0m " : "error: ");
    if (err->path[0] != '\0') {
        say_text(to, err->path, strlen(err->path));
        if (err->line_no > 0)
            fprintf(to, ":%" PRIu64, err->line_no);
        fputs(": ", to);
    }
    say_line(to, err->what);
    if (err->offset != UINT64_MAX)
        fprintf(to, "%s  at:    byte %" PRIu64 " of the file as stored\n", priority, err->offset);
    put_part(to, priority, "cause:", err->cause);
    put_part(to, priority, "hint:", err->hint);
}

/*
 * Text goes out as it comes; what machines read goes into memory first, and out in one write(2), so
 * that the lines of several processes stay apart.
 */
struct message {
    FILE *to;
    char *text;
    size_t n;
};

static void
begin(struct message *m)
{
    progress_clear();
    *m = (struct message){ .text = NULL };
    if (look.style == STYLE_TEXT || (m->to = open_memstream(&m->text, &m->n)) == NULL)
        m->to = stderr;
}

static void
end(struct message *m)
{
    if (m->to == stderr)
        return;
    if (fclose(m->to) == 0 && m->text != NULL)
        fwrite(m->text, 1, m->n, stderr);
    else
        fputs(look.style == STYLE_JSON
                  ? "{\"level\":\"error\",\"message\":\"no memory for a message\"}\n"
                  : "<3>ingest: error: no memory for a message\n",
              stderr);
    free(m->text);
}

void
say_error(const struct err *err)
{
    struct message m;

    begin(&m);
    if (look.style == STYLE_JSON)
        put_json_error(m.to, err);
    else
        put_text_error(m.to, look.style == STYLE_JOURNAL ? "<3>" : "", err);
    end(&m);
}

void
say_note(const char *format, ...)
{
    struct message m;
    char line[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    begin(&m);
    if (look.style == STYLE_JSON) {
        put_json(m.to, SAY_INFO, line);
        fputs("}\n", m.to);
    } else {
        fputs(look.style == STYLE_JOURNAL ? "<6>ingest: " : "ingest: ", m.to);
        say_line(m.to, line);
    }
    end(&m);
}

/* Lines that we made ourselves; in JSON the object says the same. */
void
say_summary(const char *text, const char *json)
{
    struct message m;

    begin(&m);
    if (look.style == STYLE_JSON) {
        put_json(m.to, SAY_INFO, "summary");
        fprintf(m.to, ",\"summary\":%.*s}\n", (int)strcspn(json, "\n"), json);
    } else if (look.style == STYLE_JOURNAL) {
        for (size_t n; *text != '\0'; text += n + (text[n] == '\n')) {
            n = strcspn(text, "\n");
            fprintf(m.to, "<6>%.*s\n", (int)n, text);
        }
    } else {
        fputs(text, m.to);
    }
    end(&m);
}
