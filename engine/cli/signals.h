/* What the process is asked to do from outside: SIGTERM and SIGINT to leave, SIGHUP to read the rules again.  One for the
 * process, as signals are. */
#ifndef GW_CLI_SIGNALS_H
#define GW_CLI_SIGNALS_H

#include <stdbool.h>

void signals_install(void);
bool signals_leaving(void);
bool signals_reloading(void); /* since it was last asked */

#endif
