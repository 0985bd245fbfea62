"""Every word of the report, in English and Chinese."""

from __future__ import annotations

from weather.conventions.errors import ConfigError

LANGUAGES = ("en", "zh")

MESSAGES: dict[str, tuple[str, str]] = {
    # page
    "html_lang": ("en", "zh-CN"),
    "kicker": ("Day plan · green datacentres", "日前计划 · 绿色数据中心"),
    "window": ("{start} to {end}, local time (UTC+8)", "{start} 至 {end}，当地时间（UTC+8）"),
    "window_steps": ("{hours} h in steps of {step} h", "共 {hours} 小时，步长 {step} 小时"),
    "noscript": (
        "The charts need JavaScript; every figure is also in the tables below each chart.",
        "图表需要 JavaScript；所有数值也列在各图下方的表格中。",
    ),
    "synthetic": ("Synthetic weather", "合成天气"),
    "status_optimal": ("Optimality proven to {gap}", "最优性已证明，间隙 {gap}"),
    "status_feasible": (
        "Best plan found, within {gap} of the proven bound",
        "已找到的最佳计划，与已证明下界相差 {gap}",
    ),
    "status_time_limit": ("Time limit reached, gap {gap}", "达到时间上限，间隙 {gap}"),
    "status_other": ("Status: {status}", "状态：{status}"),
    "baseline": ("First come, first served", "先到先得"),
    "baseline_short": ("Baseline", "基准"),
    "baseline_is": (
        "Baseline: the same jobs first come, first served, at the middle setpoint, with an idle battery.",
        "基准：同一批作业先到先得，取中间设定温度，电池闲置。",
    ),
    "plan": ("Plan", "计划"),
    "target": ("Target", "目标"),
    "fleet": ("Fleet", "全部节点"),
    "data_table": ("Figures of this chart as a table", "本图数据表"),
    "csv": ("Download CSV", "下载 CSV"),
    "time": ("Time (UTC+8)", "时间（UTC+8）"),
    "missing": ("not stated", "未给出"),
    "nav": ("Sections", "目录"),
    # headline
    "both_met": ("Both targets are met.", "两项目标均已达到。"),
    "pue_met": ("The PUE target is met.", "PUE 目标已达到。"),
    "pue_missed": ("The PUE target is missed by {by}.", "PUE 目标未达到，差 {by}。"),
    "share_met": ("The renewable target is met.", "可再生能源目标已达到。"),
    "share_missed": ("The renewable target is missed by {by}.", "可再生能源目标未达到，差 {by}。"),
    "pue_replayed": (
        "The plan meets it, its replay hour by hour does not: PUE {value}.",
        "计划本身达到该目标，但逐时重放未达到：PUE {value}。",
    ),
    "share_replayed": (
        "The plan meets it, its replay hour by hour does not: {value}.",
        "计划本身达到该目标，但逐时重放未达到：{value}。",
    ),
    "cost_below": (
        "The plan costs {cost} CNY, {saved} CNY ({percent}) less than first come, first served.",
        "计划费用 {cost} 元，比先到先得少 {saved} 元（{percent}）。",
    ),
    "cost_above": (
        "The plan costs {cost} CNY, {saved} CNY ({percent}) more than first come, first served.",
        "计划费用 {cost} 元，比先到先得多 {saved} 元（{percent}）。",
    ),
    "cost_below_other": (
        "The plan costs {cost} CNY, {saved} CNY less than first come, first served.",
        "计划费用 {cost} 元，比先到先得少 {saved} 元。",
    ),
    "cost_above_other": (
        "The plan costs {cost} CNY, {saved} CNY more than first come, first served.",
        "计划费用 {cost} 元，比先到先得多 {saved} 元。",
    ),
    "demand_said": (
        "{part} CNY of that is demand charge avoided, billed once a month.",
        "其中 {part} 元为避免的需量电费（按月计收）。",
    ),
    "other_work": (
        "Their costs are not of the same work: {plan} GPU-hours against {baseline}.",
        "两者完成的工作量不同（{plan} 对 {baseline} GPU 时），费用不可直接比较。",
    ),
    "not_compared": ("not the same work", "工作量不同"),
    "jobs_all": ("All {total} jobs run, {late} of them late.", "{total} 个作业全部安排，其中 {late} 个逾期。"),
    "jobs_all_on_time": ("All {total} jobs run on time.", "{total} 个作业全部按时安排。"),
    "jobs_some": (
        "{placed} of {total} jobs run, {late} late; {unserved} find no place.",
        "{total} 个作业中安排 {placed} 个，{late} 个逾期，{unserved} 个无法安排。",
    ),
    "expired_said": (
        "Left out, their deadline out of reach when the window opens: {count}.",
        "窗口开始时已无法按期完成而未列入的作业：{count} 个。",
    ),
    "expired_count": ("{count} expired", "过期 {count}"),
    "expired": ("its deadline was out of reach when the window opened", "窗口开始时已无法按期完成"),
    "not_clean": (
        "The independent check found broken laws: do not use this plan.",
        "独立校验发现违反约束：请勿使用本计划。",
    ),
    # cards
    "card_pue": ("PUE", "PUE（能源使用效率）"),
    "card_share": ("Renewable share", "可再生能源占比"),
    "card_cost": ("Cost", "费用"),
    "card_co2": ("CO₂", "二氧化碳"),
    "card_jobs": ("Jobs placed", "已安排作业"),
    "card_solver": ("Optimality gap", "最优间隙"),
    "card_check": ("Independent check", "独立校验"),
    "at_most": ("Target ≤ {value}", "目标 ≤ {value}"),
    "at_least": ("Target ≥ {value}", "目标 ≥ {value}"),
    "met": ("met", "达到"),
    "missed": ("missed by {by}", "未达到，差 {by}"),
    "when_replayed": ("When replayed: {value}", "重放后：{value}"),
    "against": ("Baseline {value}", "基准 {value}"),
    "change": ("{change} ({percent}) against baseline", "较基准 {change}（{percent}）"),
    "late_unserved": ("{late} late · {unserved} unserved", "逾期 {late} · 未安排 {unserved}"),
    "base_jobs": ("Baseline {placed} placed · {late} late", "基准：安排 {placed} · 逾期 {late}"),
    "bound": ("Proven bound {value} CNY", "已证明下界 {value} 元"),
    "captured": (
        "{value} of the greatest possible saving captured",
        "已实现最大可能节省的 {value}",
    ),
    "laws_hold": ("{good} of {all} laws hold", "{all} 项约束中 {good} 项成立"),
    "clean": ("Clean", "通过"),
    "unclean": ("Not clean", "未通过"),
    "check_how": ("Recomputed without the planner's code", "不使用规划程序代码重新计算"),
    # sections: title, reading aid
    "supply_title": ("Where the fleet's power comes from (kW)", "全部节点供电来源（kW）"),
    "supply_aid": (
        "Coloured areas are the plan's sources stacked; the black line is what the facilities draw. Above it, "
        "batteries charge from the grid. Between green and the dashed line, renewables charge batteries, are exported "
        "or curtailed.",
        "彩色面积为计划中各电源叠加，黑线为设施用电；高于黑线处为电网给电池充电，"
        "绿色面积与虚线之间为可再生能源充电、上网或弃电。",
    ),
    "gantt_title": ("When and where jobs run", "作业运行的时间与地点"),
    "gantt_aid": (
        "Each bar is a job, packed into rows by node and GPU type; node bands are the same height in both "
        "panels. A red outline marks a job that ends after its deadline.",
        "每条为一个作业，按节点与 GPU 类型排入各行；两图中节点高度一致。红框表示作业在截止时间之后结束。",
    ),
    "pue_title": ("PUE, cooling setpoint and wet bulb by node", "各节点 PUE、制冷设定温度与湿球温度"),
    "pue_aid": (
        "Above: PUE of each step, lower is better. Below: the setpoint chosen and the wet-bulb temperature outside. "
        "All nodes share one scale.",
        "上：各时段 PUE，越低越好；下：所选设定温度与室外湿球温度。各节点同一刻度。",
    ),
    "price_title": ("Grid import, IT load and price by node", "各节点购电、IT 负荷与电价"),
    "price_aid": (
        "Above: what is bought from the grid (area) beside IT load. Below: the energy price. Good plans buy little "
        "where the price is high.",
        "上：购电（面积）与 IT 负荷；下：电量电价。好的计划在高价时段少购电。",
    ),
    "cost_title": ("What the plan costs, and where the difference comes from (CNY)", "费用及差额来源（元）"),
    "cost_aid": (
        "Each lever's share is its Shapley value: its mean saving over every order in which the levers can be "
        "switched on.",
        "各手段的贡献为 Shapley 值，即所有启用次序下节省额的平均。",
    ),
    "fall_heading": ("From baseline to plan", "从基准到计划"),
    "terms_heading": ("By term", "费用构成"),
    "demand_note": (
        "Demand is billed by the month: it counts what a peak adds above what the month is billed for anyway.",
        "需量电费按月计收，只计超过当月无论如何都要计费的峰值的部分。",
    ),
    "terms_aid": ("Cost by term, plan beside baseline.", "费用构成：计划与基准对比。"),
    "cut_axis": ("The vertical axis does not begin at zero.", "纵轴不从零开始。"),
    "kpi_title": ("Plan beside baseline", "计划与基准对比"),
    "kpi_aid": (
        "Ratios are of energies over the window. PUE counts IT, cooling and the electrical plant; PUE with storage "
        "losses adds what batteries and their converters lose, as ISO/IEC 30134-2 counts all energy at the data "
        "centre's boundary. ● marks a change for the better, ○ one for the worse.",
        "比值均为窗口内电量之比。PUE 计入 IT、制冷与供配电；“含储能损耗”的 PUE 另计电池及其变流器的损耗，"
        "即 ISO/IEC 30134-2 按数据中心边界计入的全部电量。● 表示改善，○ 表示变差。",
    ),
    "share_title": ("Renewable share by hour (%)", "逐时可再生能源占比（%）"),
    "share_aid": (
        "Darker is greener: energy used directly from PV and wind or from the battery's green stock, per facility "
        "energy.",
        "颜色越深越绿：直接使用的光伏、风电及电池绿电占设施用电之比。",
    ),
    "battery_title": ("Battery stock by node (kWh)", "各节点电池电量（kWh）"),
    "battery_aid": (
        "Stock at the end of each step; green stock came from renewables, grey stock from the grid.",
        "各时段末电量；绿电来自可再生能源，灰电来自电网。",
    ),
    "no_battery": ("No battery holds energy in this window.", "本窗口内没有电池储能。"),
    "unserved_title": ("Jobs without a place", "未能安排的作业"),
    "unserved_none": ("Every job has a place.", "所有作业均已安排。"),
    "unserved_aid": (
        "These jobs find no room inside the window; one without a deadline may be given to the next.",
        "以下作业在窗口内没有空位；无截止时间的作业可交给下一窗口。",
    ),
    "audit_title": ("Audit by the nonlinear plant", "非线性设备模型复核"),
    "audit_aid": (
        "The plan replayed hour by hour: IT power, setpoints and battery as planned, overhead, supply and the meter "
        "worked out anew.",
        "按小时重放计划：IT 功率、设定温度与储能按计划，设备开销、发电与电表重新计算。",
    ),
    "audit_worst": (
        "Furthest off: {node} at {time}, facility {planned} kW planned, {audited} kW audited.",
        "相差最大：{node} {time}，设施功率计划 {planned} kW，复核 {audited} kW。",
    ),
    "audit_short": (
        "At {node} the plan CANNOT BE RUN as it stands: its replay is short by {kwh} kWh over {hours} h, up to {most} "
        "of the facility's power in a step.",
        "{node}：计划不可按原样执行：重放中缺电 {kwh} kWh，历时 {hours} 小时，单步最多缺设施功率的 {most}。",
    ),
    "audit_rounding": (
        "At {node} the replay is short by {kwh} kWh over {hours} h, within rounding: at most {most} of the facility's "
        "power in a step; the planner's table of its overhead is off by up to {table} of IT power.",
        "{node}：重放中缺电 {kwh} kWh，历时 {hours} 小时，属舍入误差：单步最多为设施功率的 {most}；"
        "规划器的开销表与设备模型最多相差 IT 功率的 {table}。",
    ),
    "c_planned": ("Planned", "计划"),
    "c_audited": ("Audited", "复核"),
    "check_title": ("Independent check", "独立校验"),
    "check_aid": (
        "Each law is recomputed from the published plan; the worst breach is held against what rounding explains.",
        "每项约束由已发布的计划重新计算；将最大偏差与舍入允许值比较。",
    ),
    "check_none": ("No check is attached to this plan.", "本计划未附校验结果。"),
    "c_reason": ("Why", "原因"),
    "warnings_title": ("To be looked at", "请注意（英文原文）"),
    "notes_title": ("Assumptions and sources", "假设与来源（英文原文）"),
    "solver_title": ("Proof", "求解证明"),
    "solver_aid": (
        "Stages are solved in order, each holding what the one before achieved.",
        "各阶段依次求解，后一阶段保持前一阶段的结果。",
    ),
    "inputs_title": ("Inputs", "输入"),
    "seed": ("Seed", "随机种子"),
    "i_study_sha256": ("study_sha256", "算例 sha256"),
    "i_weather": ("weather", "气象"),
    "i_weather_repair": ("weather_repair", "气象修补"),
    "i_synthetic_weather": ("synthetic_weather", "合成气象节点"),
    "i_tariffs": ("tariffs", "电价"),
    "i_window_sha256": ("window_sha256", "窗口 sha256"),
    "i_prices": ("prices", "电价表"),
    "i_valid": ("valid", "有效期"),
    "i_stale": ("stale", "已过期"),
    "i_source": ("source", "来源"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "schema": ("Summary schema", "摘要格式版本"),
    # series
    "direct": ("Renewables, direct", "可再生能源直供"),
    "discharge_green": ("Battery, green", "电池放电（绿）"),
    "discharge_grey": ("Battery, grey", "电池放电（灰）"),
    "import": ("Grid import", "电网购电"),
    "facility": ("Facility load", "设施用电"),
    "facility_base": ("Facility load, baseline", "设施用电（基准）"),
    "available": ("Renewables available", "可用可再生能源"),
    "pue": ("PUE", "PUE"),
    "pue_base": ("PUE, baseline", "PUE（基准）"),
    "pue_target": ("Fleet target", "整体目标"),
    "setpoint": ("Setpoint", "设定温度"),
    "wet_bulb": ("Wet bulb", "湿球温度"),
    "it": ("IT load", "IT 负荷"),
    "import_base": ("Grid import, baseline", "购电（基准）"),
    "price": ("Price", "电价"),
    "stock_green": ("Green stock", "绿电存量"),
    "stock_grey": ("Grey stock", "灰电存量"),
    "late": ("Late", "逾期"),
    "unit_price": ("CNY/kWh", "元/kWh"),
    "unit_cny": ("CNY", "元"),
    "k_cny": ("thousand CNY", "千元"),
    # waterfall and cost terms
    "w_placement": ("Placement", "作业安排"),
    "w_setpoint": ("Setpoints", "设定温度"),
    "w_battery": ("Battery", "电池"),
    "w_targets": ("Targets", "目标代价"),
    "t_energy": ("Energy", "电量电费"),
    "t_demand": ("Demand", "需量电费"),
    "t_green": ("Renewables", "绿电"),
    "t_carbon": ("Carbon", "碳"),
    "t_wear": ("Battery wear", "电池损耗"),
    "t_export": ("Export", "上网收入"),
    # tables
    "c_figure": ("Figure", "指标"),
    "c_unit": ("Unit", "单位"),
    "c_difference": ("Difference", "差值"),
    "c_percent": ("%", "%"),
    "c_job": ("Job", "作业"),
    "c_node": ("Node", "节点"),
    "c_cluster": ("Cluster", "集群"),
    "c_gpu": ("GPU type", "GPU 类型"),
    "c_gpus": ("GPUs", "GPU 数"),
    "c_start": ("Start", "开始"),
    "c_end": ("End", "结束"),
    "c_power": ("Power (kW)", "功率（kW）"),
    "c_deadline": ("Deadline", "截止时间"),
    "c_slack": ("Slack (h)", "余量（h）"),
    "c_left": ("Runs on (h)", "窗口后剩余（h）"),
    "c_base_node": ("Node, baseline", "节点（基准）"),
    "c_base_start": ("Start, baseline", "开始（基准）"),
    "c_law": ("Law", "约束"),
    "c_worst": ("Worst", "最大偏差"),
    "c_limit": ("Limit", "允许值"),
    "c_where": ("Where", "位置"),
    "c_result": ("Result", "结果"),
    "c_stage": ("Stage", "阶段"),
    "c_value": ("Value", "值"),
    "c_bound": ("Bound", "界"),
    "c_gap": ("Gap", "间隙"),
    "c_weather": ("Weather", "气象"),
    "c_input": ("Input", "输入"),
    "holds": ("holds", "成立"),
    "broken": ("BROKEN", "违反"),
    "better": ("better", "改善"),
    "worse": ("worse", "变差"),
    "rows_cut": (
        "The first {shown} of {all} jobs; all are in jobs.csv.",
        "前 {shown} 个，共 {all} 个作业；全部见 jobs.csv。",
    ),
    # groups and figures of the comparison
    "g_efficiency": ("Efficiency", "能效"),
    "g_renewables": ("Renewables and grid", "可再生能源与电网"),
    "g_cost": ("Cost", "费用"),
    "g_environment": ("Carbon and water", "碳与水"),
    "g_jobs": ("Jobs", "作业"),
    "k_pue": ("PUE", "PUE"),
    "k_pue_with_storage": ("PUE with storage losses", "PUE（含储能损耗）"),
    "k_pue_reference_inlet": ("PUE at the reference inlet", "PUE（参考进风温度）"),
    "k_pue_plant": ("PUE of the nonlinear plant", "PUE（非线性设备模型）"),
    "k_renewable_share_plant": ("Renewable share of the replay", "可再生能源占比（逐时复核）"),
    "k_it_kwh": ("IT energy", "IT 电量"),
    "k_facility_kwh": ("Facility energy", "设施电量"),
    "k_battery_loss_kwh": ("Battery losses", "储能损耗"),
    "k_renewable_share": ("Renewable share", "可再生能源占比"),
    "k_hourly_matched_share": ("Hourly matched share", "逐时匹配占比"),
    "k_curtailed_share": ("Curtailed share", "弃电率"),
    "k_green_kwh": ("Renewable energy used", "可再生能源用量"),
    "k_import_kwh": ("Grid import", "购电量"),
    "k_exported_kwh": ("Exported", "上网电量"),
    "k_curtailed_kwh": ("Curtailed", "弃电量"),
    "k_available_kwh": ("Renewables offered", "可发可再生电量"),
    "k_shortfall_kwh": ("Short", "缺电量"),
    "k_peak_import_kw": ("Sum of the nodes' import peaks", "各节点购电峰值之和"),
    "k_cost_cny": ("Cost", "总费用"),
    "k_cost_energy_cny": ("· energy", "· 电量电费"),
    "k_cost_demand_cny": ("· demand", "· 需量电费"),
    "k_cost_green_cny": ("· renewables", "· 绿电"),
    "k_cost_carbon_cny": ("· carbon", "· 碳"),
    "k_cost_wear_cny": ("· battery wear", "· 电池损耗"),
    "k_revenue_export_cny": ("· export revenue", "· 上网收入"),
    "k_co2_kg": ("CO₂ of grid import", "购电二氧化碳"),
    "k_cue_location": ("CUE, location-based", "CUE（按地区）"),
    "k_cue_market": ("CUE, market-based", "CUE（按市场）"),
    "k_ref": ("REF, green contract counted", "REF（含绿电合同）"),
    "k_water_l": ("Cooling water", "冷却用水"),
    "k_wue": ("WUE", "WUE"),
    "k_jobs_placed": ("Jobs placed", "已安排作业"),
    "k_jobs_late": ("Jobs late", "逾期作业"),
    "k_jobs_unserved": ("Jobs unserved", "未安排作业"),
    "k_gpu_h_served": ("GPU-hours served", "已服务 GPU 时"),
    "k_gpu_h_unserved": ("GPU-hours unserved", "未服务 GPU 时"),
    "k_gpu_h_carried_out": ("GPU-hours after the window", "窗口后 GPU 时"),
    "k_gpu_utilisation": ("GPU utilisation", "GPU 利用率"),
    "u_points": ("pp", "个百分点"),
    "u_tonne": ("t", "吨"),
    "u_jobs": ("jobs", "个"),
    "u_gpu_h": ("GPU-h", "GPU 时"),
}

CHECKS_ZH = {
    "plan complete": "计划完整",
    "finite numbers": "数值有限",
    "flows not negative": "流量非负",
    "power balance": "功率平衡",
    "renewable split": "可再生能源分配",
    "grey charge": "灰电充电",
    "PV and wind from the weather": "光伏与风电由气象得出",
    "facility power": "设施功率",
    "PUE of each step": "逐时 PUE",
    "battery account": "电池电量账",
    "battery gives back": "电池期末归还",
    "battery capacity": "电池容量",
    "battery power": "电池功率",
    "battery one way": "电池不同时充放",
    "grid limits": "并网容量",
    "one direction at the meter": "电表单向",
    "server inlet and fans": "服务器进风与风扇",
    "IT within the plant's rating": "IT 不超过设备额定",
    "setpoints of the study": "设定温度取自算例",
    "setpoint dwell": "设定温度保持时间",
    "setpoint rate": "设定温度变化率",
    "prices and carbon factors": "电价与碳因子",
    "outdoor temperatures": "室外温度",
    "IT power": "IT 功率",
    "each job once": "每个作业一次",
    "whole gangs": "整组 GPU",
    "cluster capacity": "集群容量",
    "GPUs of each pool": "各池 GPU",
    "allowed nodes": "允许的节点",
    "releases": "最早开始",
    "durations": "时长",
    "power of jobs": "作业功率",
    "running jobs": "运行中作业",
    "deadlines": "截止时间",
    "overhead table against the nonlinear plant": "开销表与非线性设备对照",
    "cooling and water of the plant": "制冷与用水",
    "audit told as it is": "复核如实报告",
    "cost terms": "费用构成",
    "energy figures": "能量指标",
    "job figures": "作业指标",
    "plant figures": "设备指标",
    "targets told as they are": "目标如实报告",
    "unserved jobs listed": "未安排作业已列出",
    "tariffs told as they are": "电价表如实报告",
    "window told as it is": "窗口如实报告",
    "proof told as it is": "证明如实报告",
    "saving adds up": "节省额分解相符",
    "figures of first come, first served": "先到先得基准的指标",
    "state handed on": "移交状态",
}
_WORDS = {
    "served": ("served", "安排作业"),
    "missed": ("missed", "目标缺口"),
    "cost": ("cost", "费用"),
    "proven": ("proven", "已证明"),
    "limit": ("gap asked not reached", "未达所求间隙"),
    "time_limit": ("time limit", "达到时间上限"),
}


def messages(lang: str) -> dict[str, str]:
    """All texts of one language.

    Raises
    ------
    ConfigError
        Where the language has no texts.
    """
    if lang not in LANGUAGES:
        raise ConfigError(f"report: language {lang!r} is not there; allowed: {', '.join(LANGUAGES)}. Give one of them.")
    column = LANGUAGES.index(lang)
    return {key: texts[column] for key, texts in MESSAGES.items()}


def check_name(name: str, lang: str) -> str:
    """A check's name in the report's language, as given where there is no translation."""
    return CHECKS_ZH.get(name, name) if lang == "zh" else name


def word(text: str, lang: str) -> str:
    """A word of the solver (stage, status) in the report's language, as given where there is none."""
    return _WORDS.get(text, (text.replace("_", " "), text))[LANGUAGES.index(lang)]
