/* Watches the files that rules are made of, so that an edit is loaded without anyone saying so (inotify).
 *
 * What is watched is names in folders, not files: every folder on the way to a path, every folder that holds a
 * symbolic link on it (`..data`, as Kubernetes mounts have it), and all that lies in a folder that was named.  So a file
 * that is replaced by a rename, a link that is swapped and a folder that is deleted and made anew are all seen.  What
 * editors leave beside a file (temporary, swap, backup) has other endings and is not.
 *
 * One thread.  Network file systems tell nothing of what others write: there a reload has to be asked for. */
#ifndef GW_CLI_WATCH_H
#define GW_CLI_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct watch;

struct watch *watch_create(void); /* NULL: the system does not offer it (logged) */
void watch_destroy(struct watch **);

/* Adds a path: a file, a folder with all that rules can be made of in it, or one that is not there yet. */
void watch_path(struct watch *, const char *path);

/* Has anything changed, and has it been quiet since for half a second?  true once for each such time.  Does not wait;
 * steady_ms: of a clock that never jumps. */
bool watch_changed(struct watch *, int64_t steady_ms);

#endif
