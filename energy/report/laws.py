"""The independent check in Chinese: laws, units, places. What has no translation stays as the verifier says it."""

# ruff: noqa: E501 (a Chinese character counts as two columns)

from __future__ import annotations

import re

LAWS_ZH: dict[str, str] = {
    "plan complete": "变量与列齐全，节点与资源池与算例一致，步长相等且均有气象数据。",
    "finite numbers": "计划的任何变量都不含 NaN 或无穷大。",
    "flows not negative": "所有流量与存量均不小于 0。",
    "power balance": "购电 + 可再生直供 + 绿电放电 + 灰电放电 = 设施用电 + 灰电充电。",
    "renewable split": "可再生直供 + 绿电充电 + 上网 + 弃电 = 光伏 + 风电。",
    "PV and wind from the weather": "光伏与风电为算例电站在该气象下的逐时出力，按步长平均。",
    "facility power": "设施功率 = IT 功率 + 开销。",
    "PUE of each step": "每一步 PUE = 设施功率 / IT 功率。",
    "battery account": "绿电、灰电存量各自满足：存量 = 前存量 ×（1 − 自放电率）^h + h ×（充电效率 × 充电 − 放电 / 放电效率），"
    "起始存量取自移交状态或算例；无电池则为零。",
    "battery gives back": "窗口结束时，各存量不少于起始存量扣除静置损耗后的余量。",
    "battery capacity": "绿电与灰电存量之和不超过电池容量。",
    "battery power": "两种存量的充电功率之和、放电功率之和均不超过电池功率。",
    "battery one way": "同一步内电池只充或只放，绿电与灰电合并计。",
    "grey charge": "灰电充电不超过购电。",
    "grid limits": "购电与上网不超过并网容量，购电还不超过限电指令所留的额度。",
    "one direction at the meter": "上网电价达到购电电价（含碳价）时，节点同一步内不同时购电与上网。",
    "server inlet and fans": "进风温度由设定温度决定；IT 功率 = 参考 IT 功率 × 该进风温度下的服务器功率系数。",
    "IT within the plant's rating": "IT 功率不超过供配电额定值，其发热不超过制冷额定值。",
    "setpoints of the study": "设定温度均为算例所列，模式号即其在列表中的序号。",
    "setpoint dwell": "新的设定温度须保持规定时间或至窗口结束；移交状态中的设定温度连续计时。",
    "setpoint rate": "任一小时内（步长更长时为一步内），包括自移交状态起，设定温度的变化不超过算例允许的速率。",
    "prices and carbon factors": "购电电价按节点电价表（当地时间）或电价文件，含绿电合同溢价；绿电价按光伏与风电的构成；"
    "碳因子按节点或其文件。",
    "outdoor temperatures": "气温与湿球温度取自气象，按步长平均。",
    "IT power": "参考 IT 功率 = 其他 IT + 全部 GPU 空载功率 + 推理及运行作业高于空载的部分。",
    "each job once": "队列中的每个作业至多一段，编号为 1。",
    "whole gangs": "作业以其全部 GPU、不限功率，在一个同型号且容得下它的集群内运行。",
    "cluster capacity": "集群内作业所用 GPU 不超过其总数；整组池中推理占用整个集群（末尾的先占，有运行中作业的最后占），"
    "自由池中推理占用单个 GPU。",
    "GPUs of each pool": "已用 GPU 与作业表一致，预留 GPU 为算例推理负荷（取一步内最大小时值），池内 GPU 与算例一致。",
    "allowed nodes": "列出节点的作业只在所列节点运行。",
    "releases": "作业不早于其最早开始时间与窗口开始时间。",
    "durations": "作业段始于整步，持续其取整后的时长或至窗口结束；剩余时长与距截止时间的余量与之相符，截止时间与作业一致。",
    "power of jobs": "作业功率 = GPU 数 × 功率比例 × 每 GPU 的服务器峰值功率。",
    "running jobs": "运行中作业随窗口开始在状态所记的集群继续；仅当推理与其他运行中作业使其无处可放时才放弃。",
    "deadlines": "尚未运行的作业按取整后的时长在截止时间前完成，无论在窗口内或窗口后。",
    "overhead table against the nonlinear plant": "整个窗口内，开销与非线性设备模型之差不超过其能量的 0.5 %。",
    "cooling and water of the plant": "发布的制冷功率、设备开销与用水与非线性设备模型一致。",
    "cost terms": "各费用项由流量与算例价格得出；总费用 = 电量 + 需量 + 绿电 − 上网 + 碳 + 电池损耗。",
    "energy figures": "PUE、占比、电量与 CO₂ 为计划自身功率的和及和之比。",
    "job figures": "已安排、未安排、逾期作业数，GPU 时与 GPU 利用率与作业表及队列一致。",
    "plant figures": "非线性设备模型的 PUE、可再生能源占比、用水与 WUE 与重放结果一致。",
    "targets told as they are": "目标的发布内容包括算例值、计划值与重放值，以及是否未达到、相差多少。",
    "audit told as it is": "计划与复核的电量、PUE、可再生能源占比、CO₂ 与用水，以及相差最大之处，均与计划及其重放一致。",
    "unserved jobs listed": "每个作业或已运行，或列为未安排，二者必居其一。",
    "proof told as it is": "目标函数为计划费用；未完成 GPU 时与作业表及队列一致，目标缺口与目标一致；每个界不大于其值；"
    "间隙 =（值 − 界）/ 值；值与界之差在所求间隙内为已证明；“最优”表示各阶段均已证明。",
    "saving adds up": "只比较并分解同等工作量的费用；各手段全关为基准，全开不高于计划费用，手段越多费用不增；"
    "各手段取其 Shapley 值，其和等于基准费用减计划费用减目标代价。",
    "tariffs told as they are": "列出每个节点的电价表或电价文件；有效期未覆盖窗口内某日即标为过期，无日期则不作判断。",
    "window told as it is": "日期、起止时间为计划各步的当地时间，步长为其长度。",
    "figures of first come, first served": "作为比较基准的指标来自功率、价格与作业均自洽的计划；它可以超出限值。",
    "state handed on": "移交状态始于窗口结束时刻，载有存量、设定温度及其已保持时间、末月峰值、每个继续运行的作业及其剩余量，"
    "以及已结束的作业。",
}
_UNITS_ZH = {
    "faults": "处",
    "values": "个数值",
    "steps": "步",
    "jobs": "个作业",
    "relative": "相对值",
    "GPUs": "个 GPU",
}
# what stands before node and time in the place of the worst
_PLACES_ZH = (
    (re.compile(r"\bgreen (?=\S+ \d{4}-)"), "绿电 "),
    (re.compile(r"\bgrey (?=\S+ \d{4}-)"), "灰电 "),
    (re.compile(r"^job "), "作业 "),
    (re.compile(r"^most (\S+ kW) of (\S+ kW), "), r"最大差 \1（设备 \2），"),
    (re.compile(r"^(\w+): published (\S+), recomputed (\S+)"), r"\1：发布值 \2，重算值 \3"),
)


def law_in(name: str, law: str, lang: str) -> tuple[str, str]:
    """A check's law in the report's language, and the language it is in."""
    if lang == "zh" and name in LAWS_ZH:
        return LAWS_ZH[name], "zh-CN"
    return law, "en"


def unit_in(unit: str, lang: str) -> str:
    """A check's unit in the report's language."""
    return _UNITS_ZH.get(unit, unit) if lang == "zh" else unit


def place_in(where: str, lang: str) -> str:
    """Where a check's worst is, in the report's language."""
    if lang == "zh":
        for pattern, words in _PLACES_ZH:
            where = pattern.sub(words, where)
    return where
