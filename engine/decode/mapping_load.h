/* What the loaders of a mapping share: mapping.c puts it together, mapping_field.c reads each form of field. */
#ifndef GW_DECODE_MAPPING_LOAD_H
#define GW_DECODE_MAPPING_LOAD_H

#include "config/yaml.h"
#include "decode/mapping.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct loader {
    const struct yaml_node *node; /* the mapping's */
    struct mapping *mapping;
    struct catalogue *catalogue;
    struct problems *problems;
    uint32_t kinds; /* bits of those that it can make */
};

/* each reads the mapping's entry of that name, if it has one */
void load_pick(struct loader *, const char *key, struct pick *);
void load_text(struct loader *, const char *key, struct text_field *);
void load_target(struct loader *);
void load_kind(struct loader *);
void load_category(struct loader *);
void load_region(struct loader *);
void load_time(struct loader *, const char *key, struct time_field *);
void load_actors(struct loader *);
void load_respondent(struct loader *);
void load_links(struct loader *);
void load_skips(struct loader *);
void load_tags(struct loader *);

/* The number of the place that `node` names, a path; 0 after adding a problem.  `list`: may lead through an array. */
uint8_t load_place(struct loader *, const struct yaml_node *, bool list);
/* a path, or a list of paths */
void load_places(struct loader *, const struct yaml_node *, bool list, struct pick *);

/* Reads the paths of a field in any of its forms and checks the names of its options: `known`, of which the first
 * `forms` are the keys that may hold the paths.  Returns the node that has options, or NULL. */
const struct yaml_node *load_form(struct loader *, const struct yaml_node *, const char *const *known,
                                  size_t known_count, size_t forms, bool list, struct pick *);
/* adds a problem if the field is there without a path */
void need_paths(struct loader *, const struct yaml_node *field, const struct pick *);
/* which of the two words an option says; 0 where it is absent */
size_t load_choice(struct loader *, const struct yaml_node *options, const char *key, const char *const words[2]);

#endif
