"""The Chinese words of rule files, and their keys turned into the English ones before anything else reads them."""

from __future__ import annotations

LEVELS = ("blue", "yellow", "orange", "red")
LEVEL_WORDS = {word + more: level for word, level in zip("蓝黄橙红", LEVELS) for more in ("", "色")}

RULE_KEYS = {"编号": "id", "标题": "title", "版本": "version", "定义": "let", "按": "per", "时间窗": "within",
             "级别": "levels", "持续": "for", "解除": "clear", "追溯": "raise_within", "派发": "send",
             "签收时限": "sign_within", "办结时限": "close_within", "逐类": "each", "分街道阈值": "overrides",
             "时期": "during", "状态": "life", "有效期": "valid"}
SELECTION_KEYS = {"来源": "source", "类别": "category", "标签": "tag", "任一标签": "any_tag", "事件": "kind",
                  "时段": "hours", "日子": "days", "先有": "after", "未有": "unless", "超期": "overdue"}
CLEAR_KEYS = {"低于": "below", "持续": "after", "条件": "when"}
SUBJECTS = {"区": "district", "街道": "street", "社区": "community", "网格": "grid", "微网格": "micro_grid",
            "被投诉方": "respondent", "事项": "matter"}
DAYS = {"工作日": "workday", "休息日": "holiday", "周一": "mon", "周二": "tue", "周三": "wed", "周四": "thu",
        "周五": "fri", "周六": "sat", "周日": "sun"}
KINDS = {"受理": "created", "再次来电": "called_again", "读数": "reading", "流转": "status", "办结": "closed",
         "重办": "reopened"}
EACH = {"一级": "category.1", "二级": "category.2", "三级": "category.3", "四级": "category.4"}
LIVES = {"草稿": "draft", "试运行": "shadow", "启用": "active"}
OVERRIDE_COLUMNS = {"区域": "region", "编码": "code", "名称": "name", "级别": "level", "计数": "measure", "阈值": "threshold"}


def english(mapping: dict, words: dict[str, str]) -> dict:
    """With English keys; none may stand twice."""
    found = {words.get(key, key): value for key, value in mapping.items()}
    if len(found) != len(mapping):
        raise ValueError(f"a key stands twice, in two languages: {sorted(mapping)}")
    return found


def known(word: str, words: dict[str, str]) -> str:
    """The English word for one of either language."""
    found = words.get(word, word)
    if found not in words.values():
        raise ValueError(f"{word!r} is none of {sorted(set(words.values()))}")
    return found


def level_number(word: str, level_names: tuple[str, ...]) -> int:
    """1 is the lowest."""
    return level_names.index(word if word in level_names else LEVEL_WORDS.get(word, word)) + 1
