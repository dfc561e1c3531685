"""Han characters in Latin letters: pinyin for people of China; elsewhere a proposal by the language of the place, or none.

The characters do not say in which language they are read: 山田 is Yamada in Japan, and nobody is called Shantian.
"""

from __future__ import annotations

import re

import anyascii

from hcm_pipeline.identity import japanese, korean
from hcm_pipeline.identity.ways import Way, like_names, table_of

FAMILY = table_of("""
    单 Shan 曾 Zeng 仇 Qiu 解 Xie 区 Ou 查 Zha 盖 Ge 缪 Miao 翟 Zhai 朴 Piao 尉迟 Yuchi 万俟 Moqi 长孙 Zhangsun 覃 Qin 乐
    Yue 种 Chong 冼 Xian 员 Yun 秘 Bi
    折 She 宓 Mi 祭 Zhai 谌 Chen 褚 Chu 任 Ren 华 Hua 燕 Yan 应 Ying 令狐 Linghu 那 Na 都 Du 隗 Wei 宿 Su 葛 Ge 柏 Bai 薄 Bo
    繁 Po 纪 Ji 过 Guo 沈 Shen 俞 Yu
    贾 Jia 召 Shao 黑 He 逄 Pang 娄 Lou 车 Che 石 Shi 石 Shi 晁 Chao 臧 Zang 佘 She 哈 Ha 宁 Ning 俱 Ju 洗 Xian 尹 Yin 尉
    Wei 行 Xing 相 Xiang 适 Kuo 余 Yu 郗 Xi
    卜 Bu 邸 Di 牟 Mu 亓 Qi 夏侯 Xiahou 诸葛 Zhuge 欧阳 Ouyang 司马 Sima 上官 Shangguan 东方 Dongfang 皇甫 Huangfu 慕容
    Murong 澹台 Tantai 钟离 Zhongli 宇文 Yuwen
    訾 Zi 盛 Sheng 曲 Qu 冯 Feng 江 Jiang 庄 Zhuang 强 Qiang 景 Jing 卞 Bian 贲 Ben 阚 Kan
""")
"""Characters as they are read in a family name."""
_GIVEN = table_of("晟 Sheng 乐 Le 长 Chang 朝 Chao")
"""Readings that given names have more often than the first one of a dictionary."""
_WITH_UMLAUT = dict.fromkeys("吕呂侣侶旅铝鋁履屡屢缕縷律绿綠率虑慮滤濾驴驢闾閭膂捋", "Lyu") | dict.fromkeys("女钕釹恧衄",
    "Nyu") | dict.fromkeys("略掠", "Lyue") \
    | dict.fromkeys("虐疟瘧", "Nyue")  # fmt: skip
"""Passports write ü as yu (GB/T 28039 of 2011)."""
_COMMON_FAMILY = set(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范廖石贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎"
    "贺顾毛郝龚邵万钱严覃武戴莫孔向汤張劉陳楊黃趙吳孫馬羅鄭梁謝許韓馮鄧蔣葉蘇盧鍾譚陸賈韋鄒龍賀顧龔萬錢嚴湯"
)
# Readings of hanja in Korean names, and the family names that are not read as their bearers write them
_HANJA = table_of("""
    金 김 李 이 朴 박 崔 최 鄭 정 姜 강 趙 조 尹 윤 張 장 林 임 韓 한 吳 오 徐 서 申 신 權 권 黃 황 安 안 宋 송 柳 유 洪 홍
    全 전 高 고 文 문 孫 손 梁 양 裵 배 白 백 曺 조 許 허 南 남
    沈 심 劉 유 盧 노 河 하 郭 곽 成 성 車 차 朱 주 禹 우 具 구 辛 신 任 임 羅 나 閔 민 兪 유 陳 진 嚴 엄 元 원 千 천 方 방
    孔 공 玄 현 咸 함 廉 염 邊 변
    民 민 俊 준 敏 민 智 지 賢 현 秀 수 英 영 美 미 恩 은 惠 혜 善 선 承 승 昌 창 哲 철 鎬 호 浩 호 勳 훈 宇 우 熙 희 姬 희
    淑 숙 貞 정 順 순 永 영 東 동 相 상 正 정 在 재
    鎭 진 炳 병 容 용 明 명 京 경 慶 경 仁 인 義 의 泰 태 植 식 植 식 基 기 根 근 錫 석 石 석 鉉 현 珉 민 旼 민 瑞 서 延 연
    姸 연 娟 연 宰 재 志 지 知 지 芝 지 眞 진 珍 진 子 자
    玉 옥 姬 희 蘭 란 花 화 春 춘 大 대 植 식 圭 규 奎 규 範 범 錫 석 勝 승 赫 혁 赫 혁 旭 욱 煥 환 桓 환 龍 용 國 국 光 광
    洙 수 守 수 雅 아 娥 아 恩 은 銀 은 周 주 柱 주 州 주
""")

_HONG_KONG = table_of("""
    陳 Chan 黃 Wong 李 Lee 張 Cheung 林 Lam 王 Wong 吳 Ng 劉 Lau 梁 Leung 何 Ho 鄭 Cheng 楊 Yeung 周 Chow 許 Hui 蔡 Choi 鄧
    Tang 馮 Fung 郭 Kwok 葉 Yip 羅 Law
    謝 Tse 曾 Tsang 蘇 So 徐 Tsui 盧 Lo 朱 Chu 袁 Yuen 譚 Tam 馬 Ma 余 Yu 彭 Pang 趙 Chiu 鍾 Chung 潘 Poon 呂 Lui 莫 Mok 高
    Ko 杜 To 關 Kwan 石 Shek 江 Kong
    方 Fong 唐 Tong 溫 Wan 孫 Suen 黎 Lai 蕭 Siu 簡 Kan 區 Au 廖 Liu 霍 Fok 戴 Tai 麥 Mak 湯 Tong 范 Fan 胡 Wu 沈 Shum 龍
    Lung 韓 Hon 歐陽 Auyeung 司徒 Szeto
""")
"""Family names of Hong Kong and Macao."""
# Wade-Giles without its apostrophes, in the order in which it is made of pinyin
_WADE_GILES = (
    ("^([zcs]h|r)i$", r"\1ih"), ("^[zc]i$", "tzu"), ("^si$", "szu"), ("^er$", "erh"), ("^you$", "yu"), ("^yong$", "yung"),
    ("^yan$", "yen"), ("^(.*[iy])e$", r"\1eh"),
    ("^([jqxy]u)e$", r"\1eh"), ("ian$", "ien"), ("ong$", "ung"), ("^([gk])ui$", r"\1uei"), ("^(zh|ch|[dtnlzcsr])uo$",
    r"\1o"), ("^([gkh])e$", r"\1o"),
    ("^x", "hs"), ("^(zh|q|j)", "ch"), ("^(z|c(?!h))", "ts"), ("^tstzu$", "tzu"), ("^r", "j"), ("^b", "p"), ("^d",
    "t"), ("^g", "k"),
)  # fmt: skip


def han(text: str, place: str) -> tuple[str, Way]:
    """A run of Han characters; only people of China have pinyin for sure."""
    if place == "CN":
        return _pinyin(text), Way("Chinese, pinyin", 0.8)
    if place == "TW":
        return _wade_giles(text), Way("Chinese, Wade-Giles, which passports of Taiwan have by default", 0.3)
    if place in ("HK", "MO"):
        return _HONG_KONG.get(text.strip(), ""), Way("Chinese, of a family name in Cantonese", 0.3)
    if place == "KR":
        sounds = "".join(_HANJA.get(letter, letter) for letter in text)
        plain, _ = korean.hangul(sounds, place)
        return plain, Way("hanja, by the readings that they have in names", 0.3)
    known = japanese.reading(text) if place not in ("SG", "MY") else None
    if place == "JP" or (known and text.strip() not in _COMMON_FAMILY):
        return known or "", Way(
            "kanji, by the usual reading" if known else "kanji, which do not say how a name sounds", 0.3
        )
    if place in ("SG", "MY") or _chinese(text):
        return _pinyin(text), Way("characters read as Chinese, of no country that says so", 0.3)
    return "", Way("characters of no known language", 0.3)


def _pinyin(text: str) -> str:
    name = text.strip()
    if name in FAMILY:
        return FAMILY[name]
    return like_names(
        "".join(_GIVEN.get(letter) or _WITH_UMLAUT.get(letter) or anyascii.anyascii(letter) for letter in text).lower()
    )


def _wade_giles(text: str) -> str:
    """Syllable by syllable, with hyphens between them; empty where one has no vowel, as of a character that nobody knows."""
    made = []
    for letter in text.strip():
        plain = (FAMILY.get(letter) if len(text.strip()) == 1 else None) or anyascii.anyascii(letter)
        plain = plain.lower()
        for pinyin, other in _WADE_GILES:
            plain = re.sub(pinyin, other, plain)
        if not re.search("[aeiou]", plain):
            return ""
        made.append(plain.capitalize())
    return "-".join(made)


def _chinese(text: str) -> bool:
    """Whether some character is simplified as in China alone, or the name is one of its common family names by itself."""
    return text.strip() in _COMMON_FAMILY or any(
        _fits(letter, "gb2312") and not _fits(letter, "big5") and not _fits(letter, "shift_jis") for letter in text
    )


def _fits(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
