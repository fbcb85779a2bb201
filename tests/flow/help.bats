#!/usr/bin/env bats
# What the program tells of itself: topics, completions, pages of the manual. All come from the tables that it reads.
load lib

setup_file() {
    no_database
}

ingest() {
    run --separate-stderr "$INGEST" "$@"
}

# tells TEXT...: each stands in what was printed.
tells() {
    local text
    for text; do
        if [[ "$output" != *"$text"* ]]; then
            printf 'nothing of "%s" in:\n%s\n' "$text" "$output"
            return 1
        fi
    done
}

# names SECTION: the first words of a section of --help.
names() {
    "$INGEST" --help | sed -n "/^$1\$/,/^\$/s/^ \+\([^ ].*\)/\1/p" | sed 's/^\(-.,\)\? *\(ingest \)\?//' | cut -d' ' -f1
}

@test "--help begins with three examples, and names each command once" {
    ingest --help
    is "$(sed -n '3,5p' <<<"$output" | grep -c '^  .*ingest ')" 3
    is "$(sed -n 6p <<<"$output")" ""
    is "$(names commands | sort | uniq -d)" ""
    [ "$(names commands | wc -l)" -gt 15 ]
    ingest help
    is "$output" "$("$INGEST" --help)"
}

@test "every command, option, format, dataset, pack and reason is a topic, and every command that runs is told" {
    # shellcheck disable=SC2046
    ingest help $(names commands | grep -v '\[') $(names options | sed 's/^--//') $(names formats) $(names datasets) $(names rules) not_a_download line_too_long \
        commands options formats datasets packs reasons exit
    status_is 0
    tells "command ingest status" "option --salvage" "format elb" "dataset access" "rules zeco" "reason line_too_long"
    # A word with a command behind it: --help knows it.
    for word in accept adopt backup completion config enqueue explain help key known leaderboard migrate node psql recount report retract run status token verify work; do
        ingest "$word" --no-such-option
        ingest help "$word"
        if [ "$status" -ne 0 ]; then
            ingest "$word"
            says "reserved name"
        fi
    done
}

@test "no such topic: exit 2, and the nearest" {
    ingest help salvagee
    status_is 2
    says "did you mean \`ingest help salvage\`?"
    ingest help "$(printf 'x\033[2Jyyyyyyyyyy')"
    status_is 2
    says "a command, option, format"
    is "$(LC_ALL=C grep -cP '\x1b' <<<"$stderr")" 0
    ingest completion tcsh
    status_is 2
    ingest help man ls
    status_is 2
}

# completes WORD...: what bash offers for the last word.
completes() {
    bash -c 'source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ingest; printf "%s\n" "${COMPREPLY[@]}"' "$INGEST" ingest "$@" | sed 's/ $//' | sort
}

@test "bash completes commands, their words, options, and what options take" {
    touch stored.log "two words.log"
    is "$(completes st)" $'status\nstored.log'
    is "$(completes migrate do)" down
    is "$(completes migrate up see)" ""
    is "$(completes migrate up seven)" seventv
    is "$(completes --salv)" --salvage
    is "$(completes status --aud)" --audit
    is "$(completes -f cloud)" cloudfront
    is "$(completes --format = vhost_)" $'vhost_combined\nvhost_common'
    is "$(completes --rejects sto)" stored.log
    is "$(completes --contact sto)" ""
    is "$(completes two)" "two words.log"
    is "$(completes completion '')" $'bash\nfish\nzsh'
}

@test "zsh and fish take theirs" {
    command -v zsh >/dev/null || skip "no zsh"
    command -v fish >/dev/null || skip "no fish"
    "$INGEST" completion zsh >_ingest
    "$INGEST" completion fish >ingest.fish
    run zsh -n _ingest
    is "$status$output" 0
    run zsh -fc 'autoload -U compinit; compinit -u -d dump; source ./_ingest; echo ${_comps[ingest]}'
    is "$output" _ingest
    run fish -n ingest.fish
    is "$status$output" 0
    HOME=$PWD run fish --no-config -c 'source ingest.fish; complete -C "ingest stat"; complete -C "ingest --format=cloud"; complete -C "ingest migrate do"'
    tells "status" "--format=cloudfront" "down"
}

@test "pages of the manual are sound, and tell every option, format and key" {
    command -v man >/dev/null || skip "no man"
    for page in ingest ingest.ini ingest-formats; do
        "$INGEST" help man "$page" >"$page.roff"
        LC_ALL=C.UTF-8 MANWIDTH=100 man --warnings -l "$page.roff" >"$page.txt" 2>warnings
        is "$(cat warnings)" ""
        lexgrog "$page.roff"
    done
    for option in $(names options); do
        grep -qF -e "$option" ingest.txt
    done
    for format in $(names formats); do
        grep -qE "^ +$format$|^ +$format " ingest-formats.txt
    done
    # A key that there is not: the configuration says which ones there are, or which one is near.
    for key in files format rules dataset node settle expected base about version ecosystem route normalise methods statuses range drop_if min_bytes \
        agent_prefixes agents clients_file browsers_file robots_file mirrors_file window client trusted_proxies country_file media_filters log_format kind time_format; do
        grep -qE "^ +$key( |$)" ingest.ini.txt
    done
}
