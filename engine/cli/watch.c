#include "cli/watch.h"

#include "base/check.h"
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SETTLE_MS = 500,
    WAIT_MS = 5000,  /* at most, where there is no end of changes */
    RETRY_MS = 1000, /* a folder that can't be watched says nothing of what comes and goes in it */
    LINKS_MAX = 40,
};

/* names come and go; in a folder of contents, files are written, too */
static const uint32_t names_mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
static const uint32_t contents_mask = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB;

struct spot {
    char *folder;
    char *name;    /* NULL: whatever rules can be made of */
    bool contents; /* it may be a file */
    int number;    /* inotify's; -1: can't be watched */
};

struct watch {
    int fd;
    char **paths;
    size_t path_count;
    struct spot *spots;
    size_t spot_count, spot_capacity;
    bool stale; /* the spots are to be looked for anew */
    int64_t looked_ms, first_ms, last_ms; /* of changes not told yet; first_ms 0: none */
};

struct watch *watch_create(void)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) {
        log_line(LOG_WARNING, "rules", "changes of the files can't be watched: %s", strerror(errno));
        return NULL;
    }
    struct watch *w = xcalloc(1, sizeof *w);
    w->fd = fd;
    return w;
}

static void spots_free(struct spot *spots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(spots[i].folder);
        free(spots[i].name);
    }
    free(spots);
}

void watch_destroy(struct watch **pointer)
{
    struct watch *w = *pointer;
    *pointer = NULL;
    if (!w)
        return;
    close(w->fd);
    spots_free(w->spots, w->spot_count);
    for (size_t i = 0; i < w->path_count; i++)
        free(w->paths[i]);
    free(w->paths);
    free(w);
}

void watch_path(struct watch *w, const char *path)
{
    char here[PATH_MAX] = "", *absolute;
    CHECK(*path == '/' || getcwd(here, sizeof here));
    CHECK(asprintf(&absolute, "%s%s%s", here, *here ? "/" : "", path) >= 0);
    for (size_t i = 0; i < w->path_count; i++)
        if (strcmp(w->paths[i], absolute) == 0) {
            free(absolute);
            return;
        }
    w->paths = xrealloc(w->paths, (w->path_count + 1) * sizeof *w->paths);
    w->paths[w->path_count++] = absolute;
    w->stale = true;
}

/* ---- where to look ---- */

static void spot_add(struct watch *w, const char *folder, const char *name, bool contents)
{
    for (size_t i = 0; i < w->spot_count; i++) {
        struct spot *s = &w->spots[i];
        if (strcmp(s->folder, folder) == 0 && (name && s->name ? strcmp(s->name, name) == 0 : name == s->name)) {
            s->contents |= contents;
            return;
        }
    }
    if (w->spot_count == w->spot_capacity) {
        w->spot_capacity = w->spot_capacity ? w->spot_capacity * 2 : 32;
        w->spots = xrealloc(w->spots, w->spot_capacity * sizeof *w->spots);
    }
    w->spots[w->spot_count++] = (struct spot){xstrdup(folder), name ? xstrdup(name) : NULL, contents, -1};
}

/* takes the first name off *rest; "" at the end */
static char *next_name(char **rest)
{
    *rest += strspn(*rest, "/");
    char *name = *rest;
    *rest += strcspn(*rest, "/");
    if (**rest)
        *(*rest)++ = '\0';
    return name;
}

static void go_up(char *folder)
{
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = '\0';
}

/* Goes the way of a path as the system does, link by link, and notes each name on it; up to where nothing is. */
static void follow(struct watch *w, const char *path)
{
    char folder[PATH_MAX] = "/", *way = xstrdup(path), *rest = way;
    bool is_folder = true;
    for (int links = 0; is_folder && links < LINKS_MAX;) {
        const char *name = next_name(&rest);
        if (*name == '\0') {
            spot_add(w, folder, NULL, true);
            break;
        }
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
            if (name[1])
                go_up(folder);
            continue;
        }
        char here[PATH_MAX], target[PATH_MAX];
        if (snprintf(here, sizeof here, "%s%s%s", folder, folder[1] ? "/" : "", name) >= (int)sizeof here)
            break;
        struct stat about;
        bool there = lstat(here, &about) == 0, link = there && S_ISLNK(about.st_mode);
        is_folder = there && (link || S_ISDIR(about.st_mode));
        spot_add(w, folder, name, !is_folder);
        ssize_t len = link ? readlink(here, target, sizeof target - 1) : 0;
        if (link && len > 0) {
            char *onward;
            target[len] = '\0';
            CHECK(asprintf(&onward, "%s/%s", target, rest) >= 0);
            free(way);
            rest = way = onward;
            links++;
            if (*target == '/')
                strcpy(folder, "/");
        } else {
            strcpy(folder, here);
        }
    }
    free(way);
}

static bool number_in_use(const struct watch *w, int number)
{
    for (size_t i = 0; i < w->spot_count; i++)
        if (w->spots[i].number == number)
            return true;
    return false;
}

static bool same_spots(const struct spot *a, size_t a_count, const struct spot *b, size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++)
        same = strcmp(a[i].folder, b[i].folder) == 0 && !a[i].name == !b[i].name &&
               (!a[i].name || strcmp(a[i].name, b[i].name) == 0);
    return same;
}

static void changed(struct watch *w, int64_t now_ms)
{
    w->last_ms = now_ms;
    w->first_ms = w->first_ms ? w->first_ms : now_ms;
}

static void look(struct watch *w, int64_t now_ms)
{
    struct spot *old = w->spots;
    size_t old_count = w->spot_count;
    w->spots = NULL;
    w->spot_count = w->spot_capacity = 0;
    for (size_t i = 0; i < w->path_count; i++)
        follow(w, w->paths[i]);
    for (size_t i = 0; i < w->spot_count; i++) {
        struct spot *s = &w->spots[i];
        uint32_t mask = names_mask | (s->contents ? contents_mask : 0);
        s->number = inotify_add_watch(w->fd, s->folder, mask | IN_MASK_ADD);
    }
    for (size_t i = 0; i < old_count; i++)
        if (old[i].number >= 0 && !number_in_use(w, old[i].number))
            inotify_rm_watch(w->fd, old[i].number); /* may be gone with its folder: no matter */
    if (!w->stale && !same_spots(old, old_count, w->spots, w->spot_count))
        changed(w, now_ms);
    spots_free(old, old_count);
    w->stale = false;
    w->looked_ms = now_ms;
}

/* ---- what happened ---- */

static bool is_source(const char *name)
{
    static const char *const endings[] = {".yaml", ".yml", ".json", ".csv"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; *name != '.' && dot && i < sizeof endings / sizeof *endings; i++)
        if (strcmp(dot, endings[i]) == 0)
            return true;
    return false;
}

/* A regular file that was just made is still being written: its closing will tell. */
static bool is_being_written(const struct spot *s, const struct inotify_event *event)
{
    char path[PATH_MAX];
    struct stat about;
    return (event->mask & IN_CREATE) &&
           snprintf(path, sizeof path, "%s/%s", s->folder, event->name) < (int)sizeof path &&
           lstat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_nlink == 1;
}

static void take(struct watch *w, const struct inotify_event *event, int64_t now_ms)
{
    bool concerns = (event->mask & IN_Q_OVERFLOW) != 0;
    for (size_t i = 0; i < w->spot_count && !concerns; i++) {
        const struct spot *s = &w->spots[i];
        if (s->number == event->wd && event->len)
            concerns = (s->name ? strcmp(s->name, event->name) == 0 : is_source(event->name)) &&
                       !is_being_written(s, event);
    }
    if (event->mask & IN_IGNORED) /* its folder is gone */
        w->stale = true;
    bool modified = (event->mask & IN_MODIFY) != 0; /* goes on: the closing will tell */
    if (!concerns || (modified && !w->first_ms))
        return;
    changed(w, now_ms);
    w->stale |= !modified;
}

static void read_events(struct watch *w, int64_t now_ms)
{
    _Alignas(struct inotify_event) char bytes[16 * 1024];
    for (ssize_t got; (got = read(w->fd, bytes, sizeof bytes)) > 0;)
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const void *)(bytes + at);
            take(w, event, now_ms);
            at += (ssize_t)(sizeof *event + event->len);
        }
}

bool watch_changed(struct watch *w, int64_t steady_ms)
{
    read_events(w, steady_ms);
    /* before the change is told: what comes after the loading is seen, then */
    if (w->stale || steady_ms - w->looked_ms >= RETRY_MS)
        look(w, steady_ms);
    bool quiet = steady_ms - w->last_ms >= SETTLE_MS || steady_ms - w->first_ms >= WAIT_MS;
    if (!w->first_ms || !quiet)
        return false;
    w->first_ms = 0;
    return true;
}
