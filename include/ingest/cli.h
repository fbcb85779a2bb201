/*
 * argv to exit status. The only room that prints to people.
 */
#ifndef INGEST_CLI_H
#define INGEST_CLI_H

/* README.md says what each status means. */
int cli_main(int argc, char **argv);

#endif
