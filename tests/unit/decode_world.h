/* A small world for the decoder's tests and its fuzz target: a few regions, categories and organisations, and the
 * mappings and records of the three shapes that every district has. */
#ifndef GW_TESTS_DECODE_WORLD_H
#define GW_TESTS_DECODE_WORLD_H

#include "base/check.h"
#include "config/yaml.h"
#include "decode/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct world {
    struct registry *registry;
    struct catalogue *catalogue;
    struct problems problems;
    int sources;
};

static const char world_regions[] = "code,name,level,parent\n"
                                    "990101,示例区,district,\n"
                                    "990101003,和兴街道,street,990101\n"
                                    "990101003005,兴业社区,community,990101003\n"
                                    "990101003005012,二网格,grid,990101003005\n";
static const char world_categories[] =
    "path,name\nlabour.wage_arrears,拖欠工资\nnoise.night,夜间噪声\nsensor.noise,噪声\n";
static const char world_organisations[] = "code,name,aliases\nORG1,某建设劳务公司,9199…;某劳务\n";

static const char hotline_mapping[] =
    "id: id\n"
    "kind:\n"
    "  path: type\n"
    "  map: {created: created, again: called_again, returned: status, closed: closed, reopened: reopened,\n"
    "        merged: merged, moved: moved, voided: voided, restored: restored, linked: linked, visited: skip}\n"
    "occurred_at: time\n"
    "region: {paths: [data.grid.grid, data.grid.community, data.grid.street], fallback: ancestors}\n"
    "category: {path: data.dispute_type, map: {labor_wage_arrears: labour.wage_arrears, noise: noise}}\n"
    "matter: data.order_no\n"
    "target: {merged: data.merged_into, linked: data.merged_into, moved: data.target_id, voided: data.target_id,\n"
    "         restored: {path: data.order_no, suffix: '#created'}}\n"
    "links: data.related_order_nos\n"
    "due_at: data.due_time\n"
    "actors: data.complainant.token\n"
    "respondent: {path: data.respondent.token, names: data.respondent.name_norm}\n"
    "involved: data.involved_count\n"
    "tags:\n"
    "  threat: data.threat.flag\n"
    "  urgent: {path: data.urgency, equals: [urgent, 特急]}\n"
    "  repeat: data.repeat_flag\n";

static const char petition_mapping[] =
    "id: {join: [source, id], with: ' '}\n"
    "kind: created\n"
    "occurred_at: {path: time, formats: [rfc3339, '%Y-%m-%d %H:%M:%S', unix_s, unix_ms]}\n"
    "region: data.grid.grid\n"
    "category: {path: data.dispute_type, map: {labor_wage_arrears: labour.wage_arrears}, default: noise}\n"
    "matter: data.petition_no\n"
    "links: {path: data.related_order_nos, split: ','}\n"
    "actors: {paths: [data.complainant_tokens, 'data.complainants[].phone'], as: phone}\n"
    "respondent: {names: [data.respondent.token]}\n"
    "involved: data.involved_count\n"
    "tags: {collective: data.collective_flag, threat: data.threat_flag}\n";

static const char sensor_mapping[] = "each: readings\n"
                                     "skip: [{path: quality, equals: [bad]}, {path: $.test}]\n"
                                     "id: {join: [$.device, t], with: ':'}\n"
                                     "kind: reading\n"
                                     "occurred_at: {path: t, formats: [unix_s, unix_ms, unix_us]}\n"
                                     "region: $.grid\n"
                                     "category: {path: $.sensor, map: {noise: sensor.noise}}\n"
                                     "value: v\n";

static const char *const world_mappings[] = {hotline_mapping, petition_mapping, sensor_mapping};

static const char hotline_record[] =
    "{\"specversion\":\"1.0\",\"id\":\"WO2026011200873#created\",\"source\":\"//hotline12345.example/district\","
    "\"type\":\"created\",\"time\":\"2026-01-12T09:41:22+08:00\",\"partitionkey\":\"990101003\","
    "\"data\":{\"order_no\":\"WO2026011200873\",\"accept_channel\":\"phone\",\"appeal_type\":\"投诉\","
    "\"appeal_category\":{\"code\":\"LOCAL-0203\",\"path\":[\"劳动保障\",\"工资报酬\",\"拖欠工资\"]},"
    "\"dispute_type\":\"labor_wage_arrears\",\"appeal_content\":\"来电人称至今工资未发,班组约20人。\","
    "\"grid\":{\"district\":\"990101\",\"street\":\"990101003\",\"community\":\"990101003005\","
    "\"grid\":\"990101003005012\"},\"urgency\":\"urgent\",\"handling_unit\":{\"code\":\"RSJ\",\"name\":"
    "\"区人力资源局\"},"
    "\"due_time\":\"2026-01-19T18:00:00+08:00\",\"order_status\":\"accepted\",\"complainant\":{\"token\":\"7f3a…\"},"
    "\"respondent\":{\"token\":\"9199…\",\"name_norm\":\"某建设劳务公司\"},\"involved_count\":20,\"repeat_flag\":"
    "false,"
    "\"related_order_nos\":[],\"merged_into\":null,\"threat\":{\"flag\":false}}}";

static const char petition_record[] =
    "{\"specversion\":\"1.0\",\"id\":\"XF2026011400031#registered\",\"source\":\"//xinfang.example/district\","
    "\"type\":\"gov.petition.letter.registered\",\"time\":\"2026-01-14T15:10:00+08:00\","
    "\"data\":{\"petition_no\":\"XF2026011400031\",\"dispute_type\":\"labor_wage_arrears\",\"collective_flag\":true,"
    "\"threat_flag\":false,\"involved_count\":\"约23人\",\"related_order_nos\":[\"WO2026011200873\","
    "\"XF2026011400031\",\"WO1,WO2\"],"
    "\"grid\":{\"grid\":\"990101003005012\"},"
    "\"complainant_tokens\":[\"13812345678\",\"+86 138-1234-5678\",\"139****0001\",\"13912345678\",null,\"110转\"],"
    "\"respondent\":{\"token\":\"某劳务\"}}}";

static const char sensor_record[] =
    "{\"device\":\"NS-0312\",\"sensor\":\"noise\",\"grid\":\"990101003005012\",\"readings\":["
    "{\"t\":1768230900,\"v\":62.4,\"quality\":\"good\"},{\"t\":\"1768230960000\",\"v\":\"-0.0015\"},"
    "{\"t\":1768231020,\"v\":99,\"quality\":\"bad\"},{\"t\":1768231080000000,\"v\":-3}]}";

static inline char *world_file(char path[32], const char *text)
{
    strcpy(path, "/tmp/gridwarn-test-XXXXXX");
    int number = mkstemp(path);
    CHECK(number >= 0 && write(number, text, strlen(text)) == (ssize_t)strlen(text) && close(number) == 0);
    return path;
}

static inline void world_create(struct world *w)
{
    char path[32];
    *w = (struct world){.catalogue = catalogue_create()};
    w->registry = registry_load(world_file(path, world_regions), &w->problems);
    unlink(path);
    catalogue_load_categories(w->catalogue, world_file(path, world_categories), &w->problems);
    unlink(path);
    catalogue_load_organisations(w->catalogue, world_file(path, world_organisations), &w->problems);
    unlink(path);
    problems_print(&w->problems, stderr);
    CHECK(w->registry && w->problems.count == 0);
}

static inline void world_destroy(struct world *w)
{
    registry_destroy(&w->registry);
    catalogue_destroy(&w->catalogue);
    problems_clear(&w->problems);
}

/* NULL, with the world's problems, if it is wrong; each gets a source of its own */
static inline struct mapping *world_mapping(struct world *w, const char *text)
{
    static const unsigned char key[16] = "0123456789abcdef";
    const struct mapping_context context = {w->registry, w->catalogue, key, 1};
    struct yaml_file *file = yaml_parse("mapping.yaml", str_of(text), &w->problems);
    CHECK(file && w->sources < SOURCES_MAX);
    struct mapping *m = mapping_load(yaml_root(file), (unsigned)w->sources++, &context, &w->problems);
    yaml_close(&file);
    return m;
}

#endif
