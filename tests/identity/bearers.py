"""Names of well-known bearers whose scripts leave vowels out, each with the spellings under which people know them.

Squads, cabinets, writers and artists: chosen by who bears them, before the tables of the product were made, and not looked at while
they were. No standard gives these spellings, so that a label may have several.
"""

from __future__ import annotations

BEARERS: dict[str, str] = {
    "EG": """
        محمد Mohamed/Mohammed صلاح Salah النني Elneny/El-Neny/Al-Neny أحمد Ahmed حجازي Hegazi/Hegazy/Hijazi طارق Tarek/Tariq
        حامد Hamed عمر Omar مرموش Marmoush مصطفى Mostafa/Mustafa رمضان Ramadan صبحي Sobhi/Sobhy/Subhi أيمن Ayman أشرف Ashraf
        الشناوي El-Shenawy/Al-Shenawy/El-Shenawi عصام Essam الحضري El-Hadary/Al-Hadari/El-Hadari حسام Hossam/Hussam حسن
        Hassan وائل Wael جمعة Gomaa/Jumaa/Jomaa نجيب Naguib/Najib محفوظ Mahfouz عمرو Amr دياب Diab عادل Adel إمام Imam كلثوم
        Kulthum/Kalthoum بطرس Boutros غالي Ghali البرادعي El-Baradei/Al-Baradei سامح Sameh شكري Shoukry/Shukri/Shokry زويل
        Zewail طه Taha حسين Hussein/Hussain فاتن Faten حمامة Hamama يسرا Yousra شيرين Sherine/Shirin حسني Hosni/Hosny مبارك
        Mubarak/Mobarak أنور Anwar السادات El-Sadat/Al-Sadat جمال Gamal/Jamal السيسي El-Sisi/Al-Sisi نوال Nawal السعداوي
        El-Saadawi/Al-Saadawi هدى Hoda/Huda شعراوي Shaarawi/Sharawi ياسمين Yasmin/Yasmine صبري Sabri/Sabry منى Mona زكي Zaki
        هنيدي Heneidy/Hunaidi/Henedi كريم Karim فهمي Fahmy/Fahmi نيللي Nelly منة Menna/Mennah شلبي Shalaby/Shalabi غادة
        Ghada عبدالرازق Abdelrazek/Abdulrazzaq/Abdulrazaq مجدي Magdy/Magdi/Majdi يعقوب Yacoub فاروق Farouk/Farouq الباز
        El-Baz/Al-Baz توفيق Tawfik/Tawfiq الحكيم El-Hakim/Al-Hakim""",
    "SA": """
        سلمان Salman سعود Saud بندر Bandar تركي Turki فيصل Faisal خالد Khalid/Khaled عادل Adel الجبير Al-Jubeir/Al-Jubair
        سالم Salem الدوسري Al-Dosari/Al-Dawsari ياسر Yasser الشهراني Al-Shahrani فراس Firas/Feras البريكان
        Al-Buraikan/Al-Breikan نواف Nawaf العابد Al-Abed/Al-Abid سلطان Sultan الغنام Al-Ghannam/Al-Ghannam علي Ali البليهي
        Al-Bulaihi عبدالله Abdullah عطيف Otayf/Ateef هتان Hattan باهبري Bahebri ماجد Majed/Majid عبدالرحمن Abdulrahman
        الراجحي Al-Rajhi لبنى Lubna العليان Al-Olayan/Al-Olayan ريما Reema/Rima لجين Loujain هيفاء Haifa/Hayfa المنصور
        Al-Mansour غازي Ghazi القصيبي Al-Gosaibi/Al-Qusaibi عبده Abdo/Abdu خال Khal رجاء Raja/Rajaa عالم Alem/Alim مشاري
        Mishari/Meshari طلال Talal متعب Mutaib/Miteb مقرن Muqrin نايف Nayef/Naif حمد Hamad ثاني Thani تميم Tamim جاسم
        Jassim/Jasim موزة Moza راشد Rashid/Rashed مكتوم Maktoum زايد Zayed نهيان Nahyan حمدان Hamdan منصور Mansour عهود
        Ohood/Ohoud صباح Sabah مشعل Meshal/Mishal قابوس Qaboos هيثم Haitham بدر Badr البوسعيدي Al-Busaidi شيخة Sheikha خليفة
        Khalifa عيسى Isa/Issa مرزوق Marzouq/Marzouk الغانم Al-Ghanim/Al-Ghanem""",
    "MA": """
        حكيم Hakim زياش Ziyech أشرف Achraf حكيمي Hakimi ياسين Yassine بونو Bounou/Bono نصير Noussair مزراوي Mazraoui سفيان
        Sofiane/Sofyan بوفال Boufal يوسف Youssef النصيري En-Nesyri/El-Nesyri/Al-Nasiri سليم Selim/Salim أملاح Amallah رومان
        Romain سايس Saiss نايف Nayef أكرد Aguerd عز Ezz/Azz وليد Walid الركراكي Regragui/Al-Rakraki بدر Badr بانون Banoun
        جواد Jawad يميق Yamiq/El-Yamiq محمد Mohamed/Mohammed رشيد Rachid بلحاج Belhaj/Belhadj سعيد Said عويطة Aouita نوال
        Nawal المتوكل El-Moutawakel هشام Hicham/Hisham الكروج El-Guerrouj/Al-Karouj نبيل Nabil عيوش Ayouch الطاهر
        Tahar/El-Tahar/Al-Taher/Al-Tahir جلون Jelloun ليلى Leila/Layla السليماني Slimani/Al-Sulaimani فاطمة Fatima/Fatma
        المرنيسي Mernissi إدريس Driss/Idriss/Idris جطو Jettou عبدالإله Abdelilah/Abdulilah بنكيران Benkirane/Benkiran
        سعدالدين Saadeddine/Saadeddin العثماني El-Othmani/Al-Othmani عزيز Aziz أخنوش Akhannouch عمر Omar هلال Hilal ناصر
        Nasser بوريطة Bourita رياض Riyad/Riyadh محرز Mahrez إسماعيل Ismael/Ismail بن Ben/bin ناصر Nasser يوسف Youssef بلايلي
        Belaili عيسى Aissa/Issa ماندي Mandi رايس Rais مبولحي Mbolhi هبة Heba/Hiba قيس Kais سعيد Saied/Said منصف Moncef
        المرزوقي Marzouki/Al-Marzouki أنس Ons/Anas جابر Jabeur/Jaber""",
    "LB": """
        رفيق Rafik/Rafiq الحريري Hariri/Al-Hariri ميشال Michel عون Aoun/Awn نبيه Nabih بري Berri سعد Saad فيروز
        Fairuz/Fayrouz جبران Gibran/Jibran خليل Khalil أمين Amin معلوف Maalouf إيلي Elie/Eli صعب Saab زهير Zuhair/Zouhair
        مراد Mourad/Murad نانسي Nancy عجرم Ajram هيفاء Haifa وهبي Wehbe/Wahbi إليسا Elissa راغب Ragheb علامة Alama بشار
        Bashar الأسد Al-Assad حافظ Hafez وليد Walid المعلم Al-Moallem نزار Nizar قباني Qabbani أدونيس Adonis/Adunis حنان
        Hanan عشراوي Ashrawi ياسر Yasser عرفات Arafat محمود Mahmoud عباس Abbas درويش Darwish إدوارد Edward سعيد Said غسان
        Ghassan كنفاني Kanafani صائب Saeb عريقات Erekat سلام Salam فياض Fayyad عمر Omar السومة Al-Soma/Al-Souma جهاد Jihad
        فراس Firas الخطيب Al-Khatib عصام Issam/Essam فارس Fares/Faris نوري Nouri/Nuri المالكي Al-Maliki حيدر Haider/Haidar
        العبادي Al-Abadi إياد Ayad/Iyad علاوي Allawi جلال Jalal طالباني Talabani برهم Barham صالح Salih/Saleh عادل Adil/Adel
        كاظم Kadhim/Kadhem/Kazem الساهر Al-Sahir/Al-Saher مقتدى Muqtada الصدر Al-Sadr زها Zaha حديد Hadid رانيا Rania نور
        Noor/Nour الفايز Al-Fayez بشر Bisher/Bishr الخصاونة Al-Khasawneh""",
    "IR": """
        علی Ali دایی Daei کریم Karim باقری Bagheri مهدی Mehdi مهدوی‌کیا Mahdavikia طارمی Taremi سردار Sardar آزمون Azmoun
        علیرضا Alireza جهانبخش Jahanbakhsh بیرانوند Beiranvand وحید Vahid امیری Amiri مرتضی Morteza پورعلی‌گنجی Pouraliganji
        احسان Ehsan حاج‌صفی Hajsafi سعید Saeid/Saeed عزت‌اللهی Ezatolahi/Ezzatollahi میلاد Milad محمدی Mohammadi مجید Majid
        حسینی Hosseini رامین Ramin رضاییان Rezaeian سامان Saman قدوس Ghoddos/Ghoddous جواد Javad نکونام Nekounam مسعود
        Masoud/Massoud شجاعی Shojaei آندرانیک Andranik اصغر Asghar فرهادی Farhadi عباس Abbas کیارستمی Kiarostami شیرین
        Shirin عبادی Ebadi نرگس Narges شهاب Shahab حسینی Hosseini گلشیفته Golshifteh فراهانی Farahani ترانه Taraneh علیدوستی
        Alidoosti/Alidousti پیمان Peyman/Payman معادی Moaadi/Maadi لیلا Leila حاتمی Hatami نوید Navid محمدزاده Mohammadzadeh
        هدیه Hedieh/Hediyeh تهرانی Tehrani رخشان Rakhshan بنی‌اعتماد Banietemad بهرام Bahram بیضایی Beyzaei/Beizaei احمد
        Ahmad شاملو Shamlou فروغ Forough فرخزاد Farrokhzad سهراب Sohrab سپهری Sepehri صادق Sadegh هدایت Hedayat محمود
        Mahmoud دولت‌آبادی Dowlatabadi/Dolatabadi سیمین Simin دانشور Daneshvar مریم Maryam میرزاخانی Mirzakhani انوشه
        Anousheh انصاری Ansari حسن Hassan روحانی Rouhani محمدجواد Mohammadjavad ظریف Zarif ابراهیم Ebrahim رئیسی Raisi عباس
        Abbas عراقچی Araghchi قالیباف Ghalibaf/Qalibaf مصطفی Mostafa چمران Chamran هوشنگ Houshang ابتهاج Ebtehaj پرویز
        Parviz تناولی Tanavoli شهرام Shahram ناظری Nazeri همایون Homayoun شجریان Shajarian کیهان Keyhan/Kayhan کلهر Kalhor
        حسین Hossein علیزاده Alizadeh گوگوش Googoosh ابی Ebi داریوش Dariush اقبالی Eghbali/Eqbali بهروز Behrouz وثوقی
        Vossoughi/Vosoughi بهمن Bahman قبادی Ghobadi جعفر Jafar پناهی Panahi نازنین Nazanin زاغری Zaghari فرزانه Farzaneh
        رسول Rasoul خادم Khadem حمید Hamid سوریان Soryan کیمیا Kimia آرش Arash میراسماعیلی Miresmaeili غلامرضا Gholamreza
        تختی Takhti پروین Parvin اعتصامی Etesami/Etesami""",
    "IL": """
        בנימין Benjamin/Binyamin נתניהו Netanyahu יאיר Yair לפיד Lapid נפתלי Naftali בנט Bennett בני Benny/Beni גנץ Gantz
        אביגדור Avigdor ליברמן Lieberman/Liberman אילת Ayelet שקד Shaked גדעון Gideon סער Saar יצחק Yitzhak/Isaac הרצוג
        Herzog ראובן Reuven ריבלין Rivlin שמעון Shimon פרס Peres רבין Rabin אריאל Ariel שרון Sharon אהוד Ehud ברק Barak
        אולמרט Olmert ציפי Tzipi לבני Livni שלי Shelly יחימוביץ Yachimovich/Yachimovitz מירב Merav מיכאלי Michaeli יולי Yuli
        אדלשטיין Edelstein ישראל Israel/Yisrael כץ Katz אריה Aryeh/Arie דרעי Deri משה Moshe כחלון Kahlon גלעד Gilad ארדן
        Erdan מירי Miri רגב Regev זאב Zeev/Ze'ev אלקין Elkin יריב Yariv לוין Levin עמוס Amos עוז Oz דויד David גרוסמן
        Grossman אתגר Etgar קרת Keret מאיר Meir שלו Shalev אברהם Avraham יהושע Yehoshua עגנון Agnon נעמי Naomi שמר Shemer
        אריק Arik איינשטיין Einstein שלמה Shlomo ארצי Artzi יהודית Yehudit/Judith רביץ Ravitz נינט Ninet טייב Tayeb עידן
        Idan רייכל Raichel עומר Omer אדם Adam גל Gal גדות Gadot נטע Netta/Neta ברזילי Barzilai אייל Eyal גולן Golan עברי
        Ivri לידר Lider רונה Rona קינן Keenan/Keinan ליאור Lior רז Raz אסף Assaf/Asaf אמדורסקי Amdursky יוסי Yossi/Yosi
        בניון Benayoun ערן Eran זהבי Zahavi מונס Munas/Mones דור Dor פרץ Peretz עומרי Omri כספי Casspi/Caspi דני Dani/Danny
        אבדיה Avdija דורון Doron שפר Sheffer/Shefer לינוי Linoy אשרם Ashram ארטיום Artem/Artiom דולגופיאט Dolgopyat אורי
        Ori/Uri ששון Sasson שגיא Sagi מוקי Muki ירדן Yarden ג'רבי Gerbi דן Dan שכטמן Shechtman עדה Ada יונת Yonath/Yonat
        דניאל Daniel כהנמן Kahneman אהרן Aharon/Aaron צ'חנובר Ciechanover רוברט Robert אומן Aumann גולדה Golda חיים
        Chaim/Haim ויצמן Weizmann/Weizman מנחם Menachem בגין Begin""",
}  # fmt: skip
"""By country: a name, and its spellings, and so on, between spaces."""


def bearers() -> list[tuple[str, str, frozenset[str]]]:
    """Country, name and spellings of each."""
    found = []
    for country, text in BEARERS.items():
        words = text.split()
        pairs = zip(words[::2], words[1::2], strict=True)
        found += [(country, name, frozenset(spellings.split("/"))) for name, spellings in dict(pairs).items()]
    return found
