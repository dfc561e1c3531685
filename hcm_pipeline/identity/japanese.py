"""Japanese in Latin letters: kana by Hepburn as in passports, and readings that kanji have in names, which are proposals only."""

from __future__ import annotations

import re

import jaconv

from hcm_pipeline.identity.ways import Way, like_names, table_of

_FOREIGN = table_of("""
    ファ fa フィ fi フェ fe フォ fo ウィ wi ウェ we ウォ wo ティ ti ディ di トゥ tu ドゥ du シェ she チェ che ジェ je
    ツァ tsa ヴァ va ヴィ vi ヴェ ve ヴォ vo ヴ vu デュ dyu
""")
_SMALL = set("ァィゥェォぁぃぅぇぉヴゔ")


def kana(text: str, _place: str) -> tuple[str, Way]:
    """A run of kana: no long vowels, m before b, m and p, tch (Ministry of Foreign Affairs of Japan).

    Names of foreigners, which have sounds of their own, are a guess.
    """
    whole = jaconv.h2z(text)
    if _SMALL & set(whole):
        sounds = jaconv.hira2kata(whole)
        for letters, plain in _FOREIGN.items():
            sounds = sounds.replace(letters, plain)
        return _hepburn(sounds), Way("kana of a name from elsewhere", 0.4)
    return _hepburn(whole), Way("kana, Hepburn as in passports", 0.8)


def _hepburn(kana_text: str) -> str:
    sounds = jaconv.kata2hira(kana_text).replace("ー", "").replace("を", "お").replace("ゐ", "い").replace("ゑ", "え")
    plain = jaconv.kana2alphabet(sounds)
    return like_names(" ".join(map(_short, plain.split(" "))))


def _short(word: str) -> str:
    """Without long vowels, but for those that are none: two words meet (Matsu-ura, Ino-ue), or the name ends in o-o (Senoo)."""
    ends = re.search(
        r"(?<=[aeiou][^aeiouy])u(?=ura$|uchi$)|(?<=[aeiou][^aeiou])o(?=u(?:ra|chi|e)$)|(?<=[aeiou][^aeiou])o(?=o$)",
        word,
    )
    if ends is None:
        ends = re.search(r"(?<=[aeiou](?:sh|ch|ts))[uo](?=u(?:ra|chi|e)$)", word)
    head, tail = (word[: ends.end()], word[ends.end() :]) if ends else (word, "")
    head = (
        re.sub("o[ou]", "o", head).replace("uu", "u").replace("cch", "tch")
        if not ends
        else re.sub("o[ou](?!$)", "o", head)
    )
    return re.sub("n([bmp])", r"m\1", head.replace("cch", "tch") + tail)


FAMILY = table_of("""
    佐藤 Sato 鈴木 Suzuki 高橋 Takahashi 田中 Tanaka 伊藤 Ito 渡辺 Watanabe 渡邊 Watanabe 渡邉 Watanabe 渡部 Watanabe 山本
    Yamamoto 中村 Nakamura 小林 Kobayashi
    加藤 Kato 吉田 Yoshida 山田 Yamada 佐々木 Sasaki 山口 Yamaguchi 松本 Matsumoto 井上 Inoue 木村 Kimura 林 Hayashi 斎藤
    Saito 斉藤 Saito 齋藤 Saito 清水 Shimizu
    山崎 Yamazaki 森 Mori 池田 Ikeda 橋本 Hashimoto 阿部 Abe 石川 Ishikawa 山下 Yamashita 中島 Nakajima 石井 Ishii 小川
    Ogawa 前田 Maeda 岡田 Okada 長谷川 Hasegawa
    藤田 Fujita 後藤 Goto 近藤 Kondo 村上 Murakami 遠藤 Endo 青木 Aoki 坂本 Sakamoto 福田 Fukuda 太田 Ota 西村 Nishimura
    藤井 Fujii 岡本 Okamoto 藤原 Fujiwara
    三浦 Miura 金子 Kaneko 中野 Nakano 中川 Nakagawa 原田 Harada 松田 Matsuda 竹内 Takeuchi 小野 Ono 田村 Tamura 中山
    Nakayama 和田 Wada 石田 Ishida 森田 Morita
    上田 Ueda 原 Hara 内田 Uchida 柴田 Shibata 酒井 Sakai 宮崎 Miyazaki 横山 Yokoyama 高木 Takagi 安藤 Ando 宮本 Miyamoto
    大野 Ono 小島 Kojima 工藤 Kudo
    谷口 Taniguchi 今井 Imai 高田 Takada 増田 Masuda 丸山 Maruyama 杉山 Sugiyama 村田 Murata 大塚 Otsuka 新井 Arai 小山
    Koyama 藤本 Fujimoto 平野 Hirano 河野 Kono
    上野 Ueno 野口 Noguchi 武田 Takeda 松井 Matsui 千葉 Chiba 菅原 Sugawara 岩崎 Iwasaki 木下 Kinoshita 久保 Kubo 佐野 Sano
    野村 Nomura 松尾 Matsuo 菊地 Kikuchi
    菊池 Kikuchi 杉本 Sugimoto 市川 Ichikawa 古川 Furukawa 大西 Onishi 島田 Shimada 水野 Mizuno 桜井 Sakurai 高野 Takano
    吉川 Yoshikawa 山内 Yamauchi 西田 Nishida
    飯田 Iida 菊田 Kikuta 西川 Nishikawa 小松 Komatsu 北村 Kitamura 安田 Yasuda 五十嵐 Igarashi 川口 Kawaguchi 平田 Hirata
    関 Seki 中田 Nakata 久保田 Kubota
    服部 Hattori 東 Higashi 岩田 Iwata 土屋 Tsuchiya 川崎 Kawasaki 福島 Fukushima 本田 Honda 辻 Tsuji 樋口 Higuchi 秋山
    Akiyama 田口 Taguchi 永井 Nagai 中西 Nakanishi
    吉村 Yoshimura 川上 Kawakami 石原 Ishihara 大橋 Ohashi 松岡 Matsuoka 浜田 Hamada 馬場 Baba 森本 Morimoto 矢野 Yano 浅野
    Asano 松下 Matsushita 星野 Hoshino
    大久保 Okubo 吉岡 Yoshioka 小池 Koike 荒木 Araki 大谷 Otani 熊谷 Kumagai 黒田 Kuroda 本間 Honma 堀 Hori 尾崎 Ozaki 望月
    Mochizuki 永田 Nagata 田辺 Tanabe
""")
GIVEN = table_of("""
    太郎 Taro 一郎 Ichiro 次郎 Jiro 健一 Kenichi 健太 Kenta 健 Ken 誠 Makoto 浩 Hiroshi 博 Hiroshi 隆 Takashi 翔太 Shota
    大輔 Daisuke 拓也 Takuya 直樹 Naoki 哲也 Tetsuya
    達也 Tatsuya 和也 Kazuya 翔 Sho 蓮 Ren 樹 Itsuki 茂 Shigeru 清 Kiyoshi 実 Minoru 進 Susumu 勇 Isamu 修 Osamu 豊 Yutaka
    明 Akira 聡 Satoshi 剛 Tsuyoshi 学 Manabu
    花子 Hanako 幸子 Sachiko 和子 Kazuko 洋子 Yoko 恵子 Keiko 京子 Kyoko 裕子 Yuko 優子 Yuko 由美子 Yumiko 久美子 Kumiko
    明美 Akemi 直美 Naomi 美咲 Misaki 陽菜 Hina
    葵 Aoi 愛 Ai 恵 Megumi 舞 Mai 彩 Aya 美穂 Miho 真由美 Mayumi 智子 Tomoko 美香 Mika 麻衣 Mai 千尋 Chihiro 桜 Sakura 由美
    Yumi 典子 Noriko 節子 Setsuko 大翔 Hiroto
""")


def reading(text: str) -> str | None:
    """The usual reading of kanji in a name, where there is one."""
    return FAMILY.get(text.strip()) or GIVEN.get(text.strip())
