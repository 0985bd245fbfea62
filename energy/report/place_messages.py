"""Every word of a place's page, in English and Chinese."""

from __future__ import annotations

from energy.report.messages import LANGUAGES, messages

PLACE_MESSAGES: dict[str, tuple[str, str]] = {
    "kicker": ("Weather of a place · green datacentres", "站点气象 · 绿色数据中心"),
    "page_title": ("Weather", "气象"),
    "span": ("{start} to {end} ({clock})", "{start} 至 {end}（{clock}）"),
    "span_typical": ("a typical year, shown on its own calendar ({clock})", "典型气象年，按其自身日历显示（{clock}）"),
    "steps": ("{count} intervals of {step}", "{count} 个时段，步长 {step}"),
    "members": ("{count} members", "{count} 个集合成员"),
    "gap": (" ", ""),  # between two sentences
    "source": ("Source", "来源"),
    "licence": ("Licence", "许可"),
    "hours_unit": ("h", "小时"),
    "minutes_unit": ("min", "分钟"),
    # verdict
    "synthetic": ("SYNTHETIC", "合成数据"),
    "synthetic_said": (
        "This weather is synthetic: made by a generator from monthly normals, not measured. It is fit for plans and "
        "demonstrations, not for sizing a plant.",
        "本页气象为合成数据：由月平均气候值生成，并非实测。可用于计划与演示，不可用于设备选型。",
    ),
    "badge_right": ("Clock of the radiation right", "辐射时标正确"),
    "badge_shift": ("Radiation stamped {hours} h {way}", "辐射时标{way} {hours} 小时"),
    "badge_moved": ("Radiation moved to its true hours", "辐射已移至真实时刻"),
    "badge_ensemble": ("Ensemble: clock of the radiation not judged", "集合预报：未判定辐射时标"),
    "badge_unknown": ("Clock of the radiation not told", "辐射时标无法判定"),
    "early": ("too early", "偏早"),
    "late": ("too late", "偏晚"),
    "said_right": (
        "The radiation stands where the sun does (found by {witness}).",
        "辐射与太阳位置一致（依据：{witness}）。",
    ),
    "said_shift": (
        "The radiation is stamped {hours} h {way} (found by {witness}) and is shown as stamped: its hours are matched "
        "with the wrong prices, loads and temperatures. Reading it with repair moves it.",
        "辐射时标{way} {hours} 小时（依据：{witness}），本页按原时标显示，与电价、负荷、气温错位；repair 可移正。",
    ),
    "said_moved": (
        "The source stamps the radiation on a wrong clock; it is shown moved to its true hours, every value moved "
        "flagged.",
        "原始数据的辐射时标有误；本页显示移正后的数值，所有移动过的数值均已标记。",
    ),
    "said_months": (
        "Single months fit the sun better when moved (see the quality table).",
        "个别月份移动后与太阳更吻合（见质量表）。",
    ),
    "said_unknown": (
        "Too few sunny hours, or too little of their parts, to tell whether the radiation's clock is right.",
        "晴时或分量不足，无法判定辐射时标是否正确。",
    ),
    "said_clean": ("Every value stands as the source gave it.", "所有数值均为来源原值。"),
    "said_flagged": (
        "{count} values are not the source's own; they are flagged below.",
        "{count} 个数值非来源原值，已在下方标记。",
    ),
    "closure": ("closure of the three components", "三个分量的闭合"),
    "clear days": ("clear days", "晴天"),
    # cards
    "card_ghi_year": ("Global irradiation a year", "年水平面总辐射"),
    "card_dni_year": ("Direct normal a year", "年法向直接辐射"),
    "card_ghi": ("Global irradiation", "水平面总辐射"),
    "card_dni": ("Direct normal", "法向直接辐射"),
    "card_temp": ("Mean temperature", "平均气温"),
    "card_cooling": ("Wet bulb ≤ {limit} °C", "湿球 ≤ {limit} °C"),
    "card_wind": ("Mean wind at {height} m", "{height} m 平均风速"),
    "card_density": ("Air density", "空气密度"),
    "card_clock": ("Radiation's clock", "辐射时标"),
    "per_year": ("kWh/m² a year", "kWh/m²·年"),
    "a_day": ("{value} kWh/m² a day", "每天 {value} kWh/m²"),
    "kt_is": ("clearness {value}", "晴空指数 {value}"),
    "diffuse_is": ("diffuse {value} {unit}", "散射 {value} {unit}"),
    "extremes": ("{low} to {high} °C", "{low} 至 {high} °C"),
    "wet_max": ("wet bulb at most {value} °C", "湿球最高 {value} °C"),
    "cooling_share": ("{share} of the hours", "占 {share}"),
    "cooling_for": (
        "18 °C water by the tower alone at half load",
        "半负荷下冷却塔独立制取 18 °C 冷水",
    ),
    "weibull_is": ("Weibull k {k}, A {a} m/s", "Weibull k {k}，A {a} m/s"),
    "wind_max": ("at most {value} m/s", "最大 {value} m/s"),
    "other_wind": ("{value} m/s at {height} m", "{height} m：{value} m/s"),
    "density_of": (
        "{share} of sea level (1.225): so much power in the same wind",
        "为海平面（1.225）的 {share}：同风速下功率按此折减",
    ),
    "pressure_is": ("pressure {value} hPa", "气压 {value} hPa"),
    "clock_right": ("right", "正确"),
    "clock_unknown": ("not told", "无法判定"),
    "clock_within": ("within 0.25 h, by {witness}", "误差小于 0.25 小时（{witness}）"),
    "clock_moved": ("moved from the source's stamps", "已由原时标移正"),
    "clock_closes": ("closes within {value} W/m²", "闭合误差 {value} W/m²"),
    # sections
    "months_title": ("Radiation and temperature by month", "逐月辐射与气温"),
    "months_aid": (
        "Energy of a mean day on a horizontal square metre (global, diffuse) and on one that faces the sun (direct); "
        "mean temperature in the band from the mean daily minimum to the mean daily maximum.",
        "水平面总辐射与散射、法向直接辐射的日均能量；平均气温及日均最低至最高范围。",
    ),
    "months_years": ("Whiskers: lowest and highest of {years} years.", "须线：{years} 年中的最低与最高。"),
    "days_title": ("Radiation and temperature by day", "逐日辐射与气温"),
    "years_title": ("Year by year", "逐年"),
    "years_aid": ("Whole calendar years only.", "仅含完整日历年。"),
    "heat_title": ("Every day and hour", "逐日逐时"),
    "heat_aid": (
        "Left to right the days, bottom to top the hours of the day. The lines are sunrise and sunset by the sun's own "
        "course; radiation outside them is a wrong clock.",
        "横轴为日期，纵轴为当日时刻。线条为按太阳轨迹计算的日出与日落；线外有辐射即时标有误。",
    ),
    "heat_years": ("Mean over {years} years.", "{years} 年平均。"),
    "sunlines": ("Sunrise, sunset", "日出、日落"),
    "duration_title": ("Temperature duration", "气温持续曲线"),
    "duration_aid": (
        "How many hours it is at least so warm. Where the wet bulb lies below the dashed line, a cooling tower alone "
        "makes 18 °C water (4 K approach, 2 K heat exchanger: assumption).",
        "不低于该温度的小时数。湿球低于虚线时，冷却塔可独立制取 18 °C 冷水（塔逼近度 4 K、换热器 2 K，假设）。",
    ),
    "wind_title": ("Wind", "风"),
    "wind_aid": (
        "Speed at {height} m with a Weibull distribution fitted by maximum likelihood to the hours that are not calm: "
        "k = {k}, A = {a} m/s; calm {calm}.",
        "{height} m 风速，及以极大似然法对非静风时段拟合的 Weibull 分布：k = {k}，A = {a} m/s；静风 {calm}。",
    ),
    "wind_aid_nofit": (
        "Speed at {height} m; too few or too equal values for a Weibull fit; calm {calm}.",
        "{height} m 风速；数值过少或过于单一，未作 Weibull 拟合；静风 {calm}。",
    ),
    "wind_rose_aid": ("The rose shows where it blows from, calms left out.", "玫瑰图为来风方向，不含静风。"),
    "wind_curve_aid": (
        "The curve shows how many hours it blows at least so strongly.",
        "曲线为不低于该风速的小时数。",
    ),
    "wind_hist": ("Wind speed, share of hours (% per m/s)", "风速小时占比（% 每 m/s）"),
    "wind_rose": ("Wind rose, share of hours (%)", "风向玫瑰图，小时占比（%）"),
    "wind_curve": ("Wind speed (m/s) and hours", "风速（m/s）与小时数"),
    "weibull": ("Weibull fit", "Weibull 拟合"),
    "measured": ("Hours", "小时"),
    "day_title": ("The mean day of each season", "各季平均日变化"),
    "day_aid": ("Means by hour of the day ({clock}).", "按当日时刻（{clock}）平均。"),
    "kt_title": ("Clearness", "晴空指数"),
    "kt_aid": (
        "Global radiation of a day over what the sun sends outside the atmosphere: 0.7 to 0.8 is a cloudless day, "
        "below 0.2 an overcast one.",
        "日总辐射与大气外辐射之比：0.7–0.8 为晴天，低于 0.2 为阴天。",
    ),
    "kt_hist": ("Share of days by clearness (%)", "按晴空指数的日数占比（%）"),
    "kt_year": ("Clearness of each day (ratio)", "逐日晴空指数（比值）"),
    "kt_day": ("a day", "单日"),
    "kt_mean": ("mean of 31 days", "31 日平均"),
    "clock_title": ("The radiation's clock against the sun", "辐射时标与太阳对照"),
    "clock_aid": (
        "The clearest tenth of each month's days ({days} days, {level} of clear sky) and clear sky of the same days "
        "with the same energy: they lie on each other where the clock is right.",
        "每月最晴的十分之一日（共 {days} 天，为晴空的 {level}）与同日等能量的晴空曲线：时标正确时两者重合。",
    ),
    "clock_closure_aid": (
        "Closure is how far direct, diffuse and global radiation are from dni cos z + dhi = ghi when their stamps are "
        "moved; it is lowest at the clock they were made with.",
        "移动时标后直接、散射与总辐射的闭合误差（dni cos z + dhi = ghi）；最低点即其生成时的时标。",
    ),
    "clock_days": ("Clear days: mean ghi (W/m²)", "晴天：平均总辐射（W/m²）"),
    "clock_closure": ("Closure (W/m² rmse) by shift (h)", "闭合误差（W/m²，均方根）随时移（小时）"),
    "as_stamped": ("as stamped", "原时标"),
    "clear_sky": ("clear sky", "晴空"),
    "clear_moved": ("clear sky on a clock {hours} h {way}", "时标{way} {hours} 小时的晴空"),
    "best_shift": ("found: {hours} h", "判定：{hours} 小时"),
    "series_radiation": ("Radiation (W/m²)", "辐射（W/m²）"),
    "series_radiation_aid": (
        "Means of each interval; dotted: global radiation of a clear sky of this place.",
        "各时段平均；点线为当地晴空总辐射。",
    ),
    "series_temp": ("Temperature (°C)", "气温（°C）"),
    "series_temp_aid": (
        "Air, wet bulb and dew point; dashed: up to here the tower alone makes 18 °C water.",
        "气温、湿球与露点；虚线以下冷却塔可独立制取 18 °C 冷水。",
    ),
    "series_wind": ("Wind speed (m/s)", "风速（m/s）"),
    "series_wind_aid": ("Means of each interval, by height above ground.", "各时段平均，按离地高度。"),
    "series_humidity": ("Relative humidity (%)", "相对湿度（%）"),
    "ensemble_aid": (
        "Line: median of {count} members; dark band: 10th to 90th percentile; light band: lowest to highest.",
        "线：{count} 个成员的中位数；深色带：第 10 至 90 百分位；浅色带：最低至最高。",
    ),
    # series and columns
    "ghi": ("Global horizontal (ghi)", "水平面总辐射（ghi）"),
    "dni": ("Direct normal (dni)", "法向直接辐射（dni）"),
    "dhi": ("Diffuse horizontal (dhi)", "水平面散射（dhi）"),
    "temp_air": ("Air temperature", "气温"),
    "wet_bulb": ("Wet bulb", "湿球温度"),
    "temp_dew": ("Dew point", "露点"),
    "relative_humidity": ("Relative humidity", "相对湿度"),
    "wind_at": ("Wind at {height} m", "{height} m 风速"),
    "min_max": ("Mean daily minimum to maximum", "日均最低至最高"),
    "free_cooling": ("{limit} °C", "{limit} °C"),
    "p10_90": ("10th to 90th percentile", "第 10–90 百分位"),
    "lowest_highest": ("lowest to highest", "最低至最高"),
    "lowest": ("lowest", "最低"),
    "p10": ("10th percentile", "第 10 百分位"),
    "p90": ("90th percentile", "第 90 百分位"),
    "highest": ("highest", "最高"),
    "median": ("median", "中位数"),
    "season_0": ("Dec–Feb", "12–2 月"),
    "season_1": ("Mar–May", "3–5 月"),
    "season_2": ("Jun–Aug", "6–8 月"),
    "season_3": ("Sep–Nov", "9–11 月"),
    "energy": ("Irradiation", "辐射量"),
    "kwh_day": ("kWh/m² a day", "kWh/m²·天"),
    "hour_axis": ("hour of the day ({clock})", "时刻（{clock}）"),
    "hours_axis": ("hours", "小时"),
    "hours_year_axis": ("hours a year", "小时/年"),
    "per_speed": ("% per m/s", "% 每 m/s"),
    "speed_axis": ("m/s", "m/s"),
    "ratio": ("ratio", "比值"),
    "kt_axis": ("clearness of the day", "日晴空指数"),
    "shift_axis": ("stamps moved by (h)", "时标移动（小时）"),
    "c_day": ("Day", "日期"),
    "c_month": ("Month", "月份"),
    "c_year": ("Year", "年份"),
    "c_hour": ("Hour", "时刻"),
    "c_time": ("Time ({clock})", "时间（{clock}）"),
    "c_share": ("Share of hours (%)", "小时占比（%）"),
    "c_fit": ("Weibull (%)", "Weibull（%）"),
    "c_speed": ("Speed (m/s)", "风速（m/s）"),
    "c_exceeded": ("Hours exceeded", "超过小时数"),
    "c_mean_min": ("Mean daily minimum (°C)", "日均最低（°C）"),
    "c_mean_max": ("Mean daily maximum (°C)", "日均最高（°C）"),
    "c_mean_temp": ("Mean temperature (°C)", "平均气温（°C）"),
    "c_wind": ("Wind (m/s)", "风速（m/s）"),
    "c_kt": ("Clearness (1)", "晴空指数（1）"),
    "c_free": ("Hours with wet bulb ≤ {limit} °C", "湿球 ≤ {limit} °C 小时数"),
    "c_days": ("Days", "日数"),
    "c_shift": ("Shift (h)", "时移（小时）"),
    "c_rmse": ("Closure (W/m²)", "闭合误差（W/m²）"),
    # quality
    "quality_title": ("Quality: what was found and what was done", "数据质量：发现与处理"),
    "quality_aid": (
        "A value without a mark stands as its source gave it, in another unit at most. Times are UTC.",
        "未标记的数值均为来源原值（至多换算单位）。时间为 UTC。",
    ),
    "quality_none": ("No value is marked.", "没有被标记的数值。"),
    "c_variable": ("Variable", "变量"),
    "c_what": ("What", "处理"),
    "c_count": ("Values", "数值个数"),
    "c_part": ("Of all (%)", "占比（%）"),
    "c_first": ("First (UTC)", "首次（UTC）"),
    "c_last": ("Last (UTC)", "末次（UTC）"),
    "filled": ("filled: was missing, bridged from its neighbours", "填补：缺测，由相邻值插补"),
    "clipped": ("clipped: a little outside what is possible", "截断：略超可能范围"),
    "shifted": ("shifted: moved in time", "移时：已在时间上移动"),
    "replaced": (
        "replaced: impossible, taken from other variables of the interval",
        "替换：数值不可能，由同时段其他变量代替",
    ),
    "derived": ("derived: the source does not hold it", "导出：来源未提供，由其他变量计算"),
    "from_instants": ("interval mean of values at instants", "由瞬时值求得的时段平均"),
    "by_month_title": ("The radiation's clock month by month (h, by closure)", "逐月辐射时移（小时，按闭合判定）"),
    "history_title": ("History", "处理记录"),
    "warnings_title": ("Warnings", "提示"),
    "rows_cut": ("The first {shown} of {all} intervals.", "前 {shown} 个时段，共 {all} 个。"),
    "noscript": (
        "The charts need JavaScript; every figure is also in the tables below each chart.",
        "图表需要 JavaScript；所有数值也列在各图下方的表格中。",
    ),
}


def place_messages(lang: str) -> dict[str, str]:
    """All texts of a place's page in one language, with those every page has.

    Raises
    ------
    ConfigError
        Where the language has no texts.
    """
    common = messages(lang)
    column = LANGUAGES.index(lang)
    return common | {key: texts[column] for key, texts in PLACE_MESSAGES.items()}
