/*
 * The patterns that come with the program. Few and plain: programs that fetch packages name
 * themselves first, browsers begin with Mozilla/5.0, robots say so somewhere. Who needs more
 * brings a list (docs/AGENTS.md).
 */
#include "ingest/base.h"
#include "agent_priv.h"

const struct builtin_agent builtin_agents[] = {
    { AGENT_MIRROR, "^(bandersnatch|devpi|pulpcore|pulp|proxpi|simpleindex|morgue)[/ -]" },
    { AGENT_MIRROR, "^(verdaccio|cnpmcore|cnpmjs|sinopia|npm-mirror|nopar|unpkg)\\b" },
    { AGENT_MIRROR, "^npm/verdaccio" },
    { AGENT_MIRROR, "^(gemstash|geminabox|gem-mirror|rubygems-mirror)[/ ]" },
    { AGENT_MIRROR, "^(panamax|romt|crates-mirror|ktra|kellnr)[/ ]" },
    { AGENT_MIRROR, "^(minirepo|hex_mirror|minihex)[/ ]" },
    { AGENT_MIRROR, "apt-cacher" },
    { AGENT_MIRROR, "^(apt-mirror|apt-proxy|aptly|debmirror|ftpsync|reprepro|reposync)\\b" },
    { AGENT_MIRROR, "artifactory" },
    { AGENT_MIRROR, "^nexus/" },
    { AGENT_MIRROR, "^(proget|pulp|sonatype|cloudsmith|harbor|rsync|lftp)[/ ]" },

    { AGENT_CLIENT, "^cargo([/ ]|%2f|%20)" },
    { AGENT_CLIENT, "^(pip|poetry|uv|pdm|pipenv|setuptools|distribute|twine|hatch)[/ ]" },
    { AGENT_CLIENT, "^(conda|mamba|micromamba)[/ ]" },
    { AGENT_CLIENT, "^(npm|yarn|pnpm|bun|deno|lerna)[/ ]" },
    { AGENT_CLIENT, "^(bundler|rubygems|ruby, rubygems|gem)[/ ,]" },
    { AGENT_CLIENT, "^(hex|rebar3?|mix|gleam)[/ ]" },
    { AGENT_CLIENT, "^(zef|rakudo|raku|pakku)\\b" },
    { AGENT_CLIENT, "^(apache-maven|maven|gradle|sbt|coursier|ivy|leiningen|aether)[/ ]" },
    { AGENT_CLIENT, "^(debian apt-http|apt-http|apt|dnf|yum|libdnf|zypp|urlgrabber)[/ ]" },
    { AGENT_CLIENT, "^(apk-tools|pacman|nix|homebrew|spack|swiftpm|cocoapods)[/ ]" },
    { AGENT_CLIENT, "^(composer|nuget|paket|cpanm|cpan|cpanplus|opam|cabal|stack)[/ ]" },
    { AGENT_CLIENT, "^(go-http-client|goproxy)[/ ]" },
    { AGENT_CLIENT, "^(r \\(|r/|rstudio|renv|pak|libcurl)" },
    { AGENT_CLIENT, "^(curl|wget|wget2|aria2|httpie|axel|powershell)[/ ]" },
    { AGENT_CLIENT, "^python-(requests|urllib|httpx)[/ ]" },
    { AGENT_CLIENT, "^(obspy|fdsnws|fdsn_fetch|rover|fetch(data|event|metadata))\\b" },

    { AGENT_ROBOT, "bot([^a-z]|$)" },
    { AGENT_ROBOT, "(crawl|spider|slurp|scrapy|heritrix|archiver|nutch|yacy)" },
    { AGENT_ROBOT, "(facebookexternalhit|whatsapp|link ?preview|feedfetcher|mediapartners)" },
    { AGENT_ROBOT, "(uptime|pingdom|statuscake|nagios|check_http|zabbix|blackbox)" },
    { AGENT_ROBOT, "(headlesschrome|phantomjs|selenium|puppeteer|playwright)" },
    { AGENT_ROBOT, "(censys|zgrab|masscan|nmap|nikto|sqlmap|nuclei|netcraft)" },

    { AGENT_BROWSER, "^mozilla/[45]\\." },
    { AGENT_BROWSER, "^opera/" },
    { AGENT_BROWSER, "^(lynx|links|elinks|w3m|dillo|netsurf)[/ ]" },
};
const size_t n_builtin_agents = ARRAY_LEN(builtin_agents);
