/*
 * What the keys of the configuration's sections mean, in a clause each: for ingest.ini(5) and
 * `ingest help`. docs/RULES.md and docs/STATUS.md tell all of it.
 */
#include "guide.h"

const struct key_about source_keys_about[] = {
    { "files", "patterns of files and directories, between blanks; may come often" },
    { "format", "as --format, or a [format NAME]" },
    { "rules", "as --rules, or a [rules NAME]" },
    { "dataset", "as --dataset" },
    { "node", "as --node" },
    { "settle", "how long after the end of a day lines of it may still come: 30s, 5m, 12h, 7d" },
    { "expected", "how long it may take until the next payload comes; then the source is late" },
    { 0 },
};

const struct key_about rule_keys_about[] = {
    { "base", "the pack that it is a copy of; first, if at all; else default" },
    { "about", "a text for people" },
    { "version", "a number; raise it when the meaning changes outside of the pack's text" },
    { "ecosystem", "what the downloads are of; routes of others are off" },
    { "route", "a URL template that is a download, as /files/{name}-{version}.zip; may come often" },
    { "normalise", "yes: names as their registry compares them" },
    { "methods", "HTTP methods that count, between blanks; any" },
    { "statuses", "status codes that count, between blanks; any" },
    { "range", "what is done with partial answers: never, from_zero, union SHARE" },
    { "drop_if", "a mark of a line that is not to count" },
    { "min_bytes", "fewer do not count" },
    { "agent_prefixes", "what a user agent that counts begins with" },
    { "agents", "classes of user agents that count: client, browser, robot, mirror, unknown; any" },
    { "clients_file", "more patterns of package clients" },
    { "browsers_file", "more patterns of browsers" },
    { "robots_file", "more patterns of robots; or the JSON of crawler-user-agents" },
    { "mirrors_file", "more patterns of mirrors" },
    { "window", "a client's repeats of an object within this time count once: 30s, day" },
    { "client", "peer: who asked; none: clients are not counted" },
    { "trusted_proxies", "networks whose X-Forwarded-For is believed" },
    { "country_file", "a MaxMind DB for addresses whose log has no country" },
    { "media_filters", "of pict-rs's variants: blur, crop, identity, resize, thumbnail" },
    { 0 },
};

const struct key_about format_keys_about[] = {
    { "log_format", "the server's own format string; over several lines, as nginx joins its strings" },
    { "kind", "json (an object a line), csv or tsv" },
    { "time", "when; needed. A field is a path of names (.resp.status) or a column" },
    { "time_format", "auto, iso8601, unix, unix_ms, clf" },
    { "path", "what was asked for; this, request or name is needed" },
    { "request", "a request line, as \"GET /a HTTP/1.1\"" },
    { "query", "what stands behind the path's ?, where the path lacks it" },
    { "method", "the HTTP method" },
    { "status", "the status code" },
    { "bytes", "what was sent" },
    { "client", "the address of the client" },
    { "forwarded", "X-Forwarded-For" },
    { "agent", "the user agent" },
    { "country", "the client's country, two letters" },
    { "content_range", "Content-Range of a partial answer" },
    { "name", "the name itself, where no path holds it" },
    { "version", "the version itself" },
    { "mark", "what drop_if looks at" },
    { 0 },
};
