"""Scripts that do not write how a name sounds: what is proposed to the person who decides, where it is a name at all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import anyascii

from hcm_pipeline.identity.thai import rtgs
from hcm_pipeline.identity.ways import Way, like_names, table_of

Rule = Callable[[str, str], tuple[str, Way]]

ARABIC = table_of("""
    محمد Mohammed أحمد Ahmed احمد Ahmed محمود Mahmoud مصطفى Mustafa علي Ali حسن Hassan حسين Hussein عمر Omar عثمان Othman
    خالد Khaled إبراهيم Ibrahim ابراهيم Ibrahim
    يوسف Youssef إسماعيل Ismail اسماعيل Ismail سعيد Said سعد Saad سالم Salem سليمان Suleiman صالح Saleh طارق Tarek ماجد
    Majed ناصر Nasser نبيل Nabil هشام Hisham
    وليد Walid ياسر Yasser كريم Karim جمال Gamal جمیل Jamil جميل Jamil حامد Hamed حمزة Hamza رامي Rami سامي Sami سمير Samir
    شريف Sherif عادل Adel عماد Emad فهد Fahd
    فيصل Faisal كمال Kamal منصور Mansour هاني Hany بلال Bilal زياد Ziad أنس Anas أسامة Osama بدر Badr راشد Rashid سلطان
    Sultan عيسى Issa موسى Mousa هارون Haroun
    عبدالله Abdullah عبدالرحمن Abdulrahman عبدالعزيز Abdulaziz عبد Abd عبدالرحيم Abdulrahim عبدالكريم Abdulkarim
    فاطمة Fatima عائشة Aisha مريم Maryam زينب Zainab خديجة Khadija نور Nour سارة Sara هدى Huda ليلى Layla سلمى Salma ياسمين
    Yasmin أمينة Amina آمنة Amna رانيا Rania
    دينا Dina منى Mona هند Hind ريم Reem سمر Samar نادية Nadia سعاد Souad سميرة Samira لطيفة Latifa حنان Hanan إيمان Iman
    إسراء Esraa آية Aya نورة Noura شيماء Shaimaa
    الفارسي Al-Farsi المصري Al-Masri الشامي Al-Shami العلي Al-Ali الأحمد Al-Ahmad الحسن Al-Hassan القحطاني Al-Qahtani
    الغامدي Al-Ghamdi الحربي Al-Harbi الشمري Al-Shammari
    الدوسري Al-Dosari العتيبي Al-Otaibi الزهراني Al-Zahrani المطيري Al-Mutairi الخطيب Al-Khatib النجار Al-Najjar الحداد
    Al-Haddad خوري Khoury حداد Haddad نجار Najjar
    رضا Reza مهدی Mehdi مهدي Mahdi حسینی Hosseini علی Ali محمدی Mohammadi رضایی Rezaei احمدی Ahmadi کریمی Karimi مریم Maryam
    زهرا Zahra فاطمه Fatemeh امیر Amir أمير Amir
    خان Khan حسین Hossein اکبر Akbar اقبال Iqbal بشیر Bashir جاوید Javed عمران Imran
    عدنان Adnan حكيم Hakim شوقي Shawqi محسن Mohsen عمير Omair وسام Wissam وائل Wael نادر Nader منير Mounir لؤي Louay قاسم
    Qasim غسان Ghassan عصام Essam
    عزت Ezzat ضياء Diaa صلاح Salah شادي Shadi رفيق Rafiq رشيد Rachid رائد Raed خليل Khalil خليفة Khalifa حاتم Hatem جابر
    Jaber تامر Tamer باسم Bassem أيمن Ayman
    أمجد Amjad أكرم Akram أشرف Ashraf أدهم Adham إدريس Idris إياد Iyad فارس Fares فؤاد Fouad فادي Fadi مالك Malik مازن Mazen
    مروان Marwan معاذ Moaz معتز Moataz
    مراد Murad نزار Nizar هيثم Haitham يحيى Yahya يعقوب Yacoub يونس Younes زكريا Zakaria داود Dawood جعفر Jaafar حيدر Haider
    عباس Abbas رضوان Radwan شاكر Shaker
    صابر Saber صادق Sadiq طلال Talal ثامر Thamer عابد Abed عارف Aref عامر Amer غازي Ghazi فرج Faraj لطفي Lotfi ماهر Maher
    نصر Nasr وسيم Wassim بسام Bassam رياض Riyadh
    أروى Arwa أسماء Asma أمل Amal آلاء Alaa بسمة Basma بشرى Bushra تغريد Taghreed جميلة Jamila جنان Jinan حليمة Halima دعاء
    Doaa رحمة Rahma رشا Rasha رقية Ruqayya رنا Rana
    رنيم Raneem رولا Rola روان Rawan زهراء Zahra زهرة Zahra سهام Siham سهى Soha شهد Shahd صفاء Safaa ضحى Doha عبير Abeer
    علياء Alia غادة Ghada فرح Farah لبنى Lubna
    لمياء Lamia لينا Lina مها Maha ملك Malak منال Manal نجلاء Naglaa نهى Noha نوال Nawal هبة Heba هناء Hanaa وفاء Wafaa أبو
    Abu أم Umm بن bin ابن Ibn بنت bint آل Al
    سيد Sayed السيد El-Sayed مسعود Massoud رجب Ragab رمضان Ramadan شعبان Shaaban عوض Awad عطية Attia فرحات Farhat قطب Qutb
    ملكي Maliki تميمي Tamimi عسلي Asali
    حوراني Hourani حلبي Halabi بغدادي Baghdadi دمشقي Dimashqi قرشي Qurashi هاشمي Hashemi عباسي Abbasi صيداوي Saidawi دباغ
    Dabbagh صباغ Sabbagh بنا Banna شيخ Sheikh
    امیر Amir نیلوفر Niloufar ستایش Setayesh پویان Pouyan حمیدرضا Hamidreza رضایی Rezaei عباسی Abbasi رحیمی Rahimi صادقی
    Sadeghi موسوی Mousavi جعفری Jafari هاشمی Hashemi
""")
HEBREW = table_of("""
    דוד David משה Moshe יוסף Yosef אברהם Avraham יצחק Yitzhak יעקב Yaakov שמואל Shmuel דניאל Daniel מיכאל Michael אורי Uri
    איתן Eitan נועם Noam אריאל Ariel עומר Omer
    יונתן Yonatan אבי Avi אלון Alon אמיר Amir גיא Guy רון Ron רועי Roi שי Shay תומר Tomer עידו Ido איתי Itay יואב Yoav אסף
    Asaf שלמה Shlomo חיים Haim מאיר Meir אליהו Eliyahu
    שרה Sara רחל Rachel לאה Leah רבקה Rivka מרים Miriam אסתר Esther חנה Hana נועה Noa מאיה Maya תמר Tamar יעל Yael מיכל
    Michal שירה Shira רותם Rotem ענת Anat דנה Dana
    גלית Galit הילה Hila עדי Adi ליאור Lior רוני Roni טל Tal גל Gal אור Or כהן Cohen לוי Levi מזרחי Mizrahi פרץ Peretz ביטון
    Biton דהן Dahan אזולאי Azoulay פרידמן Friedman
    מלכה Malka כץ Katz חדד Hadad גבאי Gabay עמר Amar שפירא Shapira גולדברג Goldberg אוחיון Ohayon בן Ben בר Bar
    אדם Adam אהרן Aharon אורן Oren אייל Eyal אילן Ilan איתמר Itamar אלי Eli אליעזר Eliezer אלכס Alex אמנון Amnon אסי Asi
    אריה Arie ארז Erez אשר Asher בועז Boaz בנימין Binyamin
    ברק Barak גבריאל Gabriel גדעון Gideon גיל Gil דב Dov דורון Doron דן Dan זאב Zeev יובל Yuval יהודה Yehuda יהונתן
    Yehonatan יהושע Yehoshua ירון Yaron ישראל Israel
    לירון Liron מנחם Menachem מתן Matan נדב Nadav נחום Nahum ניר Nir נתן Natan נתנאל Netanel עמית Amit עמוס Amos עוז Oz עופר
    Ofer עידן Idan פנחס Pinchas צבי Zvi
    רן Ran רפאל Rafael שגיא Sagi שמעון Shimon אביגיל Avigail אורית Orit אורלי Orly איילת Ayelet אילנה Ilana אלה Ella אפרת
    Efrat בת Bat ברכה Bracha גילה Gila דבורה Devora
    דליה Dalia דקלה Dikla הדס Hadas הדר Hadar ורד Vered זהבה Zehava חוה Hava טליה Talia יוליה Yulia יפה Yafa כרמית Karmit
    כרמל Carmel לאורה Laura לילך Lilach לימור Limor
    מאיה Maya מורן Moran מיכאלה Michaela נטע Neta נעמה Naama נעמי Naomi ניצן Nitzan סיגל Sigal סמדר Smadar ספיר Sapir עדן
    Eden עינת Einat ענבל Inbal ענבר Inbar פנינה Pnina
    קרן Keren רונית Ronit שולמית Shulamit שושנה Shoshana שני Shani שרון Sharon תהילה Tehila גולן Golan דיין Dayan הלוי
    Halevi וקנין Vaknin יוספי Yosefi ישראלי Israeli
    משולם Meshulam סויסה Suissa עזרא Ezra רוזן Rosen רוזנברג Rosenberg שטרן Stern שרעבי Sharabi אשכנזי Ashkenazi ברוך Baruch
    גרינברג Greenberg וייס Weiss קליין Klein
""")

THAI = table_of("""
    สมชาย Somchai สมศักดิ์ Somsak สมหญิง Somying สมบัติ Sombat สมพร Somporn สมบูรณ์ Somboon สมใจ Somjai สมปอง Sompong สุรชัย
    Surachai ประเสริฐ Prasert วิชัย Wichai
    ประยุทธ์ Prayut อนันต์ Anan วิทยา Wittaya สุชาติ Suchart นิพนธ์ Niphon อนุชา Anucha ณัฐพล Nattapon ธนพล Thanapon มานะ
    Mana ศิริพร Siriporn มาลี Malee สุภาพร Supaporn
    กัญญา Kanya รัตนา Rattana อารีย์ Aree วันดี Wandee นงนุช Nongnuch สุดา Suda นภา Napa ใจดี Jaidee ทองดี Thongdee
    แสงจันทร์ Saengchan พิมพ์ Pim กนกวรรณ Kanokwan
""")
_OF_GOD = table_of("""
    رحمن rahman عزيز aziz كريم karim رحيم rahim قادر qader حميد hamid مجيد majid لطيف latif سلام salam ناصر nasser واحد
    wahed غني ghani هادي hadi وهاب wahab فتاح fattah
    رزاق razzaq جبار jabbar خالق khaleq صمد samad حليم halim منعم moneim رؤوف raouf حكيم hakim له lah قدوس quddus باسط basset
""")
ARABIC |= {f"عبدال{letters}": f"Abdul{plain}" for letters, plain in _OF_GOD.items()}
_FAITH = table_of("""
    نور Nour صلاح Salah علاء Ala جمال Jamal سيف Saif ناصر Nasser محي Mohi محيي Mohi شمس Shams عماد Imad بدر Badr زين Zain
    تقي Taqi حسام Hossam كمال Kamal
""")
ARABIC |= {f"{letters}الدين": f"{plain}eddin" for letters, plain in _FAITH.items()}
ARABIC |= {
    f"ال{letters}": f"Al-{plain}"
    for letters, plain in ARABIC.items()
    if not letters.startswith("ال") and f"ال{letters}" not in ARABIC
}


_LOOSE = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ئ": "ي", "ة": "ه", "ۀ": "ه", "ک": "ك", "ؤ": "و"}
)
"""Letters that one and the same name is written with: with and without its hamza, and as Egypt and Iran write the last ones."""


def _loosely(names: dict[str, str]) -> dict[str, str]:
    """The names by their letters without such differences; none of which several names would be left."""
    found: dict[str, set[str]] = {}
    for letters, plain in names.items():
        found.setdefault(letters.translate(_LOOSE), set()).add(plain)
    return {letters: plains.pop() for letters, plains in found.items() if len(plains) == 1}


def known(names: dict[str, str], how: str, confidence: float = 0.3) -> Rule:
    """Names that everybody knows, each word of them; of the others there is no proposal."""
    loose = _loosely(names)

    def plain_of(word: str) -> str:
        return names.get(word) or loose.get(word.translate(_LOOSE), "")

    def rule(text: str, _place: str) -> tuple[str, Way]:
        bare = "".join(
            c for c in unicodedata.normalize("NFC", text) if not unicodedata.category(c).startswith("M") and c != "ـ"
        )
        bare = bare.replace("عبد ال", "عبدال").replace(" الدين", "الدين")  # one name of two words
        words = [plain_of(word) if word[0].isalpha() else word for word in re.findall(r"\w+|\W+", bare)]
        return ("".join(words) if all(words) else ""), Way(how, confidence)

    return rule


def thai(text: str, _place: str) -> tuple[str, Way]:
    """Names that everybody knows as they are written, and others by RTGS where their spelling says how they are read."""
    words = re.split("([^\u0e00-\u0e7f]+)", unicodedata.normalize("NFC", text))
    said = [(THAI.get(word) or rtgs(word)) if "\u0e00" <= word[:1] <= "\u0e7f" else word for word in words]
    sure = all(made for made, word in zip(said, words, strict=True) if word)
    return ("".join(said) if sure else ""), Way("Thai, which is not said as it is written", 0.3)


def guessed(how: str, confidence: float) -> Rule:
    """General transliteration, where what it makes can be said at all."""

    def rule(text: str, _place: str) -> tuple[str, Way]:
        plain = like_names(re.sub(r"(?<=[A-Za-z])[`'’]+(?=[A-Za-z])|[`’]", "", anyascii.anyascii(text)))
        return (plain if _is_sayable(plain) else ""), Way(how, confidence)

    return rule


def _is_sayable(plain: str) -> bool:
    """A name has a vowel in every word, and hardly more than three consonants in a row."""
    words = re.findall(r"[A-Za-z]+", plain)
    return bool(words) and all(
        re.search("[aeiouy]", word, re.IGNORECASE) and not re.search("[^aeiouy]{5}", word, re.IGNORECASE)
        for word in words
    )


# Letters of India's scripts by their place in a block of Unicode, the same in all of them: the Hunterian system, without marks
_VOWELS = "a a i i u u ri e e ai o o au"
_INDIC_VOWELS = dict(zip((*range(0x05, 0x0C), 0x0E, 0x0F, 0x10, 0x12, 0x13, 0x14), _VOWELS.split(), strict=True))
_INDIC_SIGNS = {place + 0x38: plain for place, plain in _INDIC_VOWELS.items() if place > 0x05}
_CONSONANTS = "k kh g gh n ch chh j jh n t th d dh n t th d dh n n p ph b bh m y r r l l l v sh sh s h"
_INDIC_CONSONANTS = dict(enumerate(_CONSONANTS.split(), 0x15))
_NASALS, _VIRAMA, _NUKTA = (0x01, 0x02), 0x4D, 0x3C
_KEEPS_ITS_VOWELS = range(0x0B00, 0x0D80)


def indic(text: str, _place: str) -> tuple[str, Way]:
    """A run of one of India's scripts, by the Hunterian system: in the north, vowels that are implied and not said go."""
    words = re.split(r"([^\u0900-\u0d7f]+)", re.sub("[\u200c\u200d]", "", text))
    plain = like_names("".join(_indic_word(word) if "\u0900" <= word[:1] <= "\u0d7f" else word for word in words))
    return (plain if _is_sayable(plain) else ""), Way("Indic script, Hunterian, with the vowels that it implies", 0.4)


def _indic_word(word: str) -> str:
    """Sounds, of which `A` is an implied vowel."""
    sounds: list[str] = []
    for letter in word:
        place = ord(letter) & 0x7F
        if place in _INDIC_CONSONANTS and place <= 0x39:
            sounds += [_INDIC_CONSONANTS[place], "A"]
        elif place in _INDIC_SIGNS or place == _VIRAMA:
            if sounds[-1:] == ["A"]:
                sounds.pop()
            if place != _VIRAMA:
                sounds.append(_INDIC_SIGNS[place])
        elif place in _INDIC_VOWELS:
            sounds.append(_INDIC_VOWELS[place])
        elif place in _NASALS:
            sounds.append("n")
    said = "".join(sounds).replace("jn", "gy")
    if ord(word[0]) not in _KEEPS_ITS_VOWELS:
        said = said if _joined(word) else re.sub("(?<=[a-z])A$", "", said)
        said = re.sub("(?<=[aeiouA][^aeiouA])A(?=(?:[^aeiouA]|[kgcjtdpbs]h)[aeiou])", "", said)
    plain = re.sub("n(?=[pbm])", "m", said.replace("A", "a"))
    return re.sub("sinh$", "singh", plain)  # as all who bear it write it


def _joined(word: str) -> bool:
    """Whether the last consonant is joined to the one before it: the vowel behind two of them is said."""
    return len(word) > 2 and ord(word[-2]) & 0x7F == _VIRAMA
