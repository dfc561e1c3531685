"""Names that were written down before any table or rule they test was changed, with the spellings under which people know them.

Players, singers, ministers and surnames of a telephone book. No table of the product was made from them, and none may be: a name
of this list that a table of the product takes from here says nothing any more. No standard gives most of these spellings, so that
a label may have several.
"""

from __future__ import annotations

UNSEEN: dict[str, str] = {
    "EG": """
        المليجي El-Meligy/El-Meligi/Al-Meligi/El-Meleigy تحية Tahia/Taheya/Tahiya السنباطي
        El-Sonbati/El-Sunbati/Al-Sunbati/El-Sonbaty بليغ Baligh الشحات El-Shahat/Al-Shahat/El-Shahhat شوبير
        Shobair/Shoubir/Shobeir/Shubair إكرامي Ekramy/Ekrami/Ikrami بركات Barakat ربيعة Rabia/Rabiaa السولية
        El-Soleya/El-Solia/El-Soulia/Al-Sulia عاشور Ashour/Ashur منسي Mansi/Mansy قفشة Kafsha/Qafsha/Afsha البدري
        El-Badri/El-Badry/Al-Badri شحاتة Shehata/Shahata الجوهري El-Gohary/Al-Gohari/El-Gohari/El-Johari سمعة
        Somaa/Semaa/Samaa عوض Awad النحاس El-Nahas/El-Nahhas/Al-Nahhas زغلول Zaghloul الباجوري El-Bagouri/El-Bagoury/Al-Bajuri
        أبوتريكة Aboutrika/Abutrika/Aboutreika بيومي Bayoumi/Bayoumy/Bayumi دسوقي Desouki/Desouky/Dasuqi المنياوي
        El-Minyawi/El-Menyawi/El-Meniawy/Al-Minyawi قنديل Kandil/Qandil صفية Safia/Safeya/Safiya عبدالصبور
        Abdelsabour/Abdulsabur/Abdel-Sabour الغيطي El-Gheiti/El-Gheity/Al-Ghaiti نبوية Nabawia/Nabaweya سنية
        Sania/Seneya/Saniya شادية Shadia مديحة Madiha عبدالمطلب Abdelmottaleb/Abdulmuttalib/Abdelmoutaleb حمام Hammam رشاد
        Rashad طنطاوي Tantawi/Tantawy عنان Anan/Annan جنزوري Ganzouri/Ganzoury/Janzuri محلب Mahlab/Mehleb مدبولي
        Madbouly/Madbouli/Madbuli شفيق Shafik/Shafiq""",
    "SA": """
        المفرج Al-Mufarrij/Al-Mufarrej/Al-Mofarrej الفرج Al-Faraj كنو Kanno/Kanoo غريب Ghareeb/Gharib المولد
        Al-Muwallad/Al-Mowallad الشلهوب Al-Shalhoub/Al-Shalhub الجابر Al-Jaber التمياط Al-Temyat/Al-Tamyat الدعيع
        Al-Deayea/Al-Daayea/Al-Duaie سعيد Saeed/Said العويران Al-Owairan/Al-Uwairan عسيري Asiri/Aseeri هزازي Hazazi القحطاني
        Al-Qahtani بصاص Bassas/Basas المطيري Al-Mutairi نورة Noura/Nora عهد Ahd/Ahed وجدان Wojdan/Wijdan منيرة
        Munira/Muneera/Mounira البتال Al-Battal مضاوي Madawi الفالح Al-Falih/Al-Faleh النعيمي Al-Naimi/Al-Nuaimi الخطيب
        Al-Khatib/Al-Khateeb ضاحي Dhahi خلفان Khalfan عموري Omoori/Amouri/Amoori مبخوت Mabkhout/Mabkhut القاسمي
        Al-Qasimi/Al-Qassimi لطيفة Latifa/Lateefa شمسة Shamsa المرر Al-Marar القبيسي Al-Qubaisi/Al-Kubaisi/Al-Qubaissi عفيف
        Afif/Afeef الهيدوس Al-Haydos/Al-Haidous خوخي Khoukhi بوعلام Boualem العطية Al-Attiyah/Al-Attiya/Al-Atiya برشم
        Barsham/Barshim المسند Al-Misnad/Al-Musnad/Al-Missned الكواري Al-Kuwari بدرية Badria/Badriya العنود Al-Anoud/Al-Anud
        هيا Haya جواهر Jawaher/Jawahir سبيكة Sabika/Sabeeka دخيل Dakhil/Dakheel عايض Ayed/Ayedh/Aayed صنيتان
        Sunaitan/Sinaitan/Sunitan حمود Hamoud/Hammoud/Humood""",
    "IQ": """
        سهاد Suhad/Sohad نشأت Nashat/Nashaat كرار Karrar/Karar أيسر Aiser/Aysar لؤي Luay/Loay قصي Qusay/Qusai هوار Hawar/Hiwar ملا
        Mulla نور Noor/Nour صبري Sabri قاسم Qasim/Qasem/Kasim الأعرجي Al-Araji/Al-Aaraji السوداني Al-Sudani حكمت Hikmat/Hekmat
        شياع Shia/Shyaa الزرفي Al-Zurfi/Al-Zarfi الحلبوسي Al-Halbousi/Al-Halboosi/Al-Halbusi الحيدري Al-Haidari/Al-Haydari
        البزاز Al-Bazzaz الجواهري Al-Jawahiri/Al-Jawahri السياب Al-Sayyab البياتي Al-Bayati/Al-Bayyati الملائكة
        Al-Malaika/Al-Malaaika كريم Karim/Kareem الخفاجي Al-Khafaji لطيف Latif/Lateef زينب Zainab/Zaynab عباس Abbas رغد Raghad
        شبيب Shabib/Shabeeb العلاق Al-Allaq/Al-Alaq الغزي Al-Ghazi/Al-Ghizi/Al-Ghazzi الركابي Al-Rikabi/Al-Rakabi عبطان Abtan
        مهودر Mhawder/Mahawdar/Muhawder سوادي Sawadi/Suwadi""",
    "MA": """
        أمرابط Amrabat أوناحي Ounahi مزيان Meziane/Mezyan النقاش En-Naqqach/El-Nakkach/Al-Naqqash تاعرابت Taarabt بنعطية
        Benatia/Benattia الشماخ Chamakh/El-Chamakh الداودي Daoudi/El-Daoudi بلهندة Belhanda/Belhenda خرجة Kharja التيجاني
        Tijani/El-Tijani الحضريوي El-Hadrioui/El-Hadraoui حجي Hajji/Haji بصير Bassir النيبت Naybet/En-Naybet زروالي Zerouali
        السملالي Semlali/Es-Semlali/El-Semlali البوعزاوي El-Bouazzaoui البكاي Bekkai/El-Bekkai مزوار Mezouar/Mezwar بنشعبون
        Benchaaboun لفتيت Laftit عمارة Amara/Ammara الرميلي Rmili/Er-Rmili/El-Rmili المنصوري El-Mansouri/Mansouri بلماضي
        Belmadi/Belmadhi سليماني Slimani/Soulaimani فغولي Feghouli براهيمي Brahimi بنطالب Bentaleb حليش Halliche/Haliche
        بلعمري Belamri/Belaamri زفان Zeffane عطال Atal/Attal بونجاح Bounedjah/Bounjah تبون Tebboune/Taboun جراد Djerad/Jerad
        الخزري Khazri/El-Khazri المساكني Msakni/El-Msakni السليتي Sliti/Es-Sliti الدراجي Derragi/Dragi/Darragi الجزيري
        Jaziri/El-Jaziri""",
    "LB": """
        ماجدة Magida/Majida الرومي El-Roumi/Al-Roumi/Al-Rumi مارسيل Marcel/Marcelle خليفة Khalife/Khalifeh/Khalifa صباح Sabah وديع
        Wadih/Wadie الصافي Al-Safi/El-Safi نصري Nasri شمس Shams جوليا Julia كارول Carole/Carol سماحة Samaha عاصي Assi/Asi
        الحلاني Al-Hallani/El-Hallani عازار Azar شكيب Chakib/Shakib أرسلان Arslan/Arslane جنبلاط Jumblatt/Joumblatt/Junblat
        جعجع Geagea/Jaajaa الجميل Gemayel/Al-Gemayel/Al-Jumayyil سليمان Sleiman/Suleiman فرنجية Frangieh/Franjieh ميقاتي
        Mikati/Miqati السنيورة Siniora/Al-Siniora حنيف Hanif/Haneef سعاد Souad/Suad حسني Hosni/Husni أصالة Assala/Asala نصري
        Nasri الشرع Al-Sharaa/Al-Shara المقداد Al-Mekdad/Al-Miqdad شعبان Shaaban/Chaaban خريبين Khribin/Khrbin/Kharbin المواس
        Al-Mawas/Al-Mawwas عتمان Othman/Atman فادية Fadia التعمري Al-Tamari/Al-Taamari النعيمات Al-Naimat/Al-Nuaimat عوايشة
        Awaisheh/Awaisha الرفاعي Al-Rifai/Al-Refai الرزاز Al-Razzaz طوقان Touqan/Tuqan/Toukan الحياري Al-Hiyari/Al-Hayari هنية
        Haniyeh/Haniya مشعل Meshaal/Mashal/Mishal السنوار Sinwar/Al-Sinwar البرغوثي Barghouti/Al-Barghouti/Al-Barghuthi زقوت
        Zaqout/Zaqqout دبوس Dabbous/Dabous طقاطقة Taqatqa/Takatka عجرم Ajram""",
    "IR": """
        بیژن Bijan پاکدل Pakdel شهاب Shahab گردان Gordan/Gardan رشید Rashid مظاهری Mazaheri علی‌رضا Alireza حقیقی Haghighi روزبه
        Rouzbeh/Roozbeh چشمی Cheshmi مرتضا Morteza تیموریان Teymourian/Teymurian آندرانیک Andranik شجاع Shoja خلیل‌زاده
        Khalilzadeh کنعانی Kanaani/Kanani کنعانی‌زادگان Kanaanizadegan قلی‌زاده Gholizadeh/Qolizadeh نوراللهی
        Nourollahi/Nurollahi سهرابی Sohrabi گلزار Golzar بهداد Behdad رادان Radan پیمان Peyman معادی Moaadi/Maadi شهاب‌الدین
        Shahabeddin/Shahaboddin هدیه Hedieh/Hediyeh ترانه Taraneh علیدوستی Alidoosti/Alidousti باران Baran کوثری
        Kosari/Kowsari مهناز Mahnaz افکار Afkar پگاه Pegah آهنگرانی Ahangarani مانی Mani حقیقی Haghighi فرهادی Farhadi اصغر
        Asghar کیارستمی Kiarostami عباس Abbas مخملباف Makhmalbaf پناهی Panahi جعفر Jafar مهرجویی Mehrjui/Mehrjouei داریوش
        Dariush/Daryoush قبادی Ghobadi بهمن Bahman رسول‌اف Rasoulof عبادی Ebadi شیرین Shirin ستوده Sotoudeh نسرین Nasrin
        دولت‌آبادی Dowlatabadi/Dolatabadi محمود Mahmoud هدایت Hedayat چوبک Choubak/Chubak بهبهانی Behbahani سیمین Simin دانشور
        Daneshvar شاملو Shamlou/Shamlu فرخزاد Farrokhzad سپهری Sepehri مشیری Moshiri زنگنه Zanganeh/Zangeneh ظریف Zarif
        پزشکیان Pezeshkian قالیباف Ghalibaf/Qalibaf عراقچی Araghchi/Araqchi رئیسی Raisi/Raeisi همتی Hemmati لشگری Lashgari شفق
        Shafagh برزگر Barzegar کبیری Kabiri ورزنده Varzandeh تاجیک Tajik کمیجانی Komijani نجات Nejat بختیاری Bakhtiari آقاجانی
        Aghajani تقی‌پور Taghipour سرلک Sarlak ملک‌زاده Malekzadeh خرم Khorram بیگلری Biglari/Beiglari آهنگر Ahangar غفوری
        Ghafouri چگینی Chegini خدابخش Khodabakhsh اسکندری Eskandari بنفشه Banafsheh ارغوان Arghavan مژگان Mozhgan/Mojgan
        کامیار Kamyar نسیبه Nasibeh/Nosaybeh""",
    "AF": """
        زلمی Zalmai/Zalmay خلیلزاد Khalilzad امرالله Amrullah صالح Saleh ربانی Rabbani برهان‌الدین Burhanuddin مسعود
        Massoud/Masoud حکمتیار Hekmatyar گلبدین Gulbuddin دوستم Dostum/Dostam محقق Mohaqiq/Mohaqeq راشد Rashid نبی Nabi مجیب
        Mujeeb/Mujib گلبدین Gulbuddin نایب Naib شهزاد Shahzad ملالی Malalai جویا Joya فوزیه Fawzia/Fauzia کوفی Koofi/Kofi
        هارون Haroon/Haroun اتمر Atmar هوتک Hotak""",
    "PK": """
        بابر Babar اعظم Azam شاہین Shaheen آفریدی Afridi رضوان Rizwan شاداب Shadab فخر Fakhar زمان Zaman حارث Haris رؤف Rauf
        سرفراز Sarfaraz وقار Waqar یونس Younis/Younus انضمام Inzamam الحق Ul-Haq/Al-Haq مصباح Misbah جاوید Javed میانداد
        Miandad نسیم Naseem منشی Munshi پریم Prem ماہرہ Mahira فواد Fawad صبا Saba قمر Qamar سجل Sajal ہانیہ Hania ملالہ
        Malala یوسفزئی Yousafzai گیلانی Gilani/Gillani عاصمہ Asma جہانگیر Jahangir فیض Faiz غالب Ghalib منٹو Manto عصمت Ismat
        چغتائی Chughtai پرویز Pervez/Parvez مشرف Musharraf باجوہ Bajwa راحیل Raheel/Rahil چیمہ Cheema وڑائچ Warraich/Waraich
        کھوکھر Khokhar جٹ Jutt/Jatt اعوان Awan ڈار Dar لغاری Leghari/Laghari مینگل Mengal بگٹی Bugti جتوئی Jatoi سومرو Soomro
        پلیجو Palijo تنویر Tanveer/Tanvir سہیل Sohail/Suhail عدیل Adeel/Adil""",
    "IL": """
        ליאורה Liora רבקי Rivki שמריהו Shmaryahu גרשון Gershon פנחס Pinchas/Pinhas זלמן Zalman שזר Shazar אפרים Ephraim/Efraim
        קציר Katzir חיים Haim/Chaim הרצל Herzl יצחק Yitzhak נבון Navon עזר Ezer קצב Katsav/Katzav לוי Levi/Levy אשכול Eshkol
        סבידור Savidor שמיר Shamir דליה Dalia/Dalya איציק Itzik/Icik דורנר Dorner ביניש Beinisch/Beinish גרוניס Grunis נאור
        Naor חיות Hayut עמית Amit לפידות Lapidot אליקים Elyakim רובינשטיין Rubinstein/Rubinshtein ארבל Arbel עדנה Edna שלו
        Shalev צרויה Zeruya/Tzruya מאיר Meir שמגר Shamgar ביאליק Bialik טשרניחובסקי Tchernichovsky/Tchernichovski אלתרמן
        Alterman גולדברג Goldberg זך Zach עמיחי Amichai/Amihai ויזלטיר Wieseltier רביקוביץ Ravikovitch/Ravikovich וולך
        Wallach/Volach פוגל Fogel/Vogel שבתאי Shabtai יזהר Yizhar גוטפרוינד Gutfreund סמילנסקי Smilansky/Smilanski אפלפלד
        Appelfeld/Apelfeld ברטוב Bartov ליברכט Liebrecht/Librecht קסטל Castel/Kastel בלום Blum הנדל Hendel מצנע Mitzna/Matzna
        פרס Peres ברוורמן Braverman ליפקין Lipkin בורג Burg שטרית Sheetrit/Shitrit נהרי Nahari אייכלר Eichler אוריאל Uriel
        בוסו Busso/Buso מלכיאלי Malkieli/Malchieli טור Tur פז Paz קוזלובסקי Kozlovsky/Kozlovski מרגי Margi אזולאי
        Azoulay/Azulai אבוטבול Abutbul/Aboutboul בן-גביר Ben-Gvir סמוטריץ' Smotrich סטרוק Strock/Struck לסקי Lasky/Laski
        גוטליב Gotlib/Gottlieb דיסטל Distel ביסמוט Bismuth ואטורי Vaturi הלוי Halevi/Halevy קיש Kisch/Kish ברקת Barkat דיכטר
        Dichter גמליאל Gamliel שיקלי Chikli/Shikli גולדקנופף Goldknopf פורוש Porush מלאך Malach/Malakh סילמן Silman סעדה Saada
        אלמוג Almog זנדברג Zandberg פריג' Frej/Freij תמנו Tamano ביטן Bitan קריב Kariv לנגוצקי Langotzky/Langotsky שפיגלר
        Spiegler/Shpigler שלמה Shlomo שרף Scharf/Sharf רביבו Revivo ברקוביץ Berkovic/Berkovich/Berkovitz תותח Totah/Tutach
        אבוקסיס Abuksis/Abukasis כיאל Kial/Kayal ויסמן Weissman/Weisman ששון Sasson""",
    "TH": """
        ธนากร Thanakorn/Thanakon ชนาธิป Chanathip ธีราทร Theerathon/Thirathon ศุภชัย Supachai/Suphachai กวินทร์ Kawin สารัช
        Sarach/Sarat เอกนิษฐ์ Ekanit/Ekkanit พิชญา Pichaya/Phitchaya ปวีณา Paveena/Pawina ยิ่งลักษณ์ Yingluck/Yinglak ทักษิณ
        Thaksin อภิสิทธิ์ Abhisit/Aphisit ชวน Chuan บรรหาร Banharn/Banhan ชาติชาย Chatichai/Chatchai เปรม Prem เศรษฐา
        Srettha/Settha แพทองธาร Paetongtarn/Phaethongthan พิธา Pita/Phitha ณัฐพล Nattapon/Natthaphon/Nattaphon กิตติ Kitti
        ปิยะ Piya นิรันดร์ Niran วรรณา Wanna รัชนี Ratchanee/Ratchani มานะ Mana ปราโมทย์ Pramote/Pramot ธงชัย Thongchai สายฝน
        Saifon จินตนา Jintana/Chintana พรชัย Pornchai/Phonchai ทองดี Thongdee/Thongdi แก้ว Kaew/Kaeo ศรีสุข Srisuk/Sisuk วงศ์
        Wong/Vong สุวรรณ Suwan จันทร์ Chan/Jan บุญมี Boonmee/Bunmi แสง Saeng""",
    "IN": """
        विराट Virat कोहली Kohli सचिन Sachin तेंदुलकर Tendulkar रोहित Rohit हार्दिक Hardik जसप्रीत Jasprit/Jaspreet सौरव
        Sourav/Saurav द्रविड़ Dravid/Dravida लक्ष्मण Laxman/Lakshman सुरेश Suresh नरेंद्र Narendra मोदी Modi सोनिया
        Sonia/Soniya अखिलेश Akhilesh मायावती Mayawati/Mayavati नीतीश Nitish ममता Mamata/Mamta केजरीवाल Kejriwal/Kejrival
        अरविंद Arvind/Aravind ऐश्वर्या Aishwarya/Aishvarya दीपिका Deepika/Dipika अनुष्का Anushka कैटरीना Katrina/Kaitrina ऋतिक
        Hrithik/Ritik श्रीदेवी Sridevi/Shridevi माधुरी Madhuri दीक्षित Dixit/Dikshit त्रिपाठी Tripathi चौधरी
        Chaudhary/Chaudhari गुप्ता Gupta अग्रवाल Agrawal/Agarwal/Agraval जोशी Joshi देशमुख Deshmukh कुलकर्णी Kulkarni शिंदे
        Shinde फडणवीस Fadnavis पवार Pawar/Pavar लता Lata मंगेशकर Mangeshkar भट्ट Bhatt झा Jha पांडेय Pandey/Pandeya राजपूत
        Rajput সৌরভ Sourav/Saurabh গাঙ্গুলী Ganguly/Ganguli রবীন্দ্রনাথ Rabindranath ঠাকুর Thakur/Tagore সত্যজিৎ Satyajit রায়
        Ray/Roy মমতা Mamata বন্দ্যোপাধ্যায় Bandyopadhyay চট্টোপাধ্যায় Chattopadhyay সুচিত্রা Suchitra সেন Sen দাস Das সুব্রত
        Subrata অনির্বাণ Anirban ரஜினிகாந்த் Rajinikanth/Rajinikant கமல்ஹாசன் Kamalhaasan/Kamalhasan விஜய் Vijay அஜித்
        Ajith/Ajit முருகன் Murugan லட்சுமி Lakshmi/Latchumi கார்த்திக் Karthik/Karthick சுந்தர் Sundar பிரியா Priya செந்தில்
        Senthil சரவணன் Saravanan ராஜா Raja மீனாட்சி Meenakshi/Minakshi ஸ்டாலின் Stalin அண்ணாமலை Annamalai குமார் Kumar
        చిరంజీవి Chiranjeevi/Chiranjivi ప్రభాస్ Prabhas మహేష్ Mahesh బాబు Babu రాజమౌళి Rajamouli/Rajamauli వెంకటేష్ Venkatesh
        నాయుడు Naidu/Nayudu రెడ్డి Reddy/Reddi శ్రీనివాస్ Srinivas/Shrinivas సత్యనారాయణ Satyanarayana ಕುಮಾರಸ್ವಾಮಿ
        Kumaraswamy/Kumaraswami/Kumarasvami ಸಿದ್ದರಾಮಯ್ಯ Siddaramaiah/Siddaramayya ರಾಹುಲ್ Rahul ಗೌಡ Gowda/Gauda ಪುನೀತ್
        Puneeth/Punit മോഹൻലാൽ Mohanlal മമ്മൂട്ടി Mammootty/Mammutti/Mammootti സുരേഷ് Suresh നായർ Nair/Nayar പിണറായി
        Pinarayi/Pinarai വിജയൻ Vijayan ലക്ഷ്മി Lakshmi નરેન્દ્ર Narendra પટેલ Patel શાહ Shah હાર્દિક Hardik મહેતા Mehta/Maheta
        ਮਨਮੋਹਨ Manmohan ਸਿੰਘ Singh ਗੁਰਪ੍ਰੀਤ Gurpreet/Gurprit ਕੌਰ Kaur ਹਰਭਜਨ Harbhajan ਅਮਰਿੰਦਰ Amarinder/Amrinder ਢਿੱਲੋਂ
        Dhillon ନବୀନ Naveen/Nabin/Nabina ପଟ୍ଟନାୟକ Patnaik/Pattanayak/Pattnaik ଦାସ Das/Dasa ପ୍ରଧାନ Pradhan/Pradhana""",
    "LK": """
        කුමාර Kumara සංගක්කාර Sangakkara මහේල Mahela ජයවර්ධන Jayawardene/Jayawardena/Jayavardhana සිල්වා Silva පෙරේරා Perera
        රාජපක්ෂ Rajapaksa/Rajapaksha ප්‍රනාන්දු Fernando/Pranandu නිමල් Nimal සුනිල් Sunil මාලනී Malani""",
    "KH": """
        សុខា Sokha ចាន់ Chan វណ្ណា Vanna សុភា Sophea/Sopha ដារ៉ា Dara ម៉ាលី Mali/Maly បូរ៉ា Bora សុធា Sothea/Sotha រិទ្ធី
        Rithy/Ritthy/Ritthi ហ៊ុន Hun សែន Sen គឹម Kim លី Ly/Li ហេង Heng សុខ Sok ពៅ Pov/Pou វិចិត្រ Vicheth/Vichet/Vichetr កុសល
        Kosal ពិសិដ្ឋ Piseth/Piset""",
    "LA": """
        ສົມພອນ Somphone/Somphon ບຸນມີ Bounmy/Bounmi ຄຳ Kham ສີສຸກ Sisouk ມະນີ Mani/Many ວັນນາ Vanna ແສງ Seng/Saeng ພອນ Phone/Phon
        ແກ້ວ Keo ສຸກ Souk ຄຳພູ Khamphou ຈັນ Chan ທອງ Thong ດາລາ Dala ໄຊ Xay/Say/Xai ວົງ Vong ນາລີ Nali/Naly""",
    "MM": """
        အောင် Aung ဆန်း San စု Su ကြည် Kyi မင်း Min ဇော် Zaw မြင့် Myint သိန်း Thein ထွန်း Htun/Tun လှ Hla ခင် Khin မောင် Maung
        သန်း Than နိုင် Naing ကျော် Kyaw ဝင်း Win စိုး Soe ဖြိုး Phyo ဇင် Zin မျိုး Myo သူ Thu ထက် Htet နန်း Nan ဇာနည်
        Zarni/Zani လင်း Lin ရွှေ Shwe""",
    "ET": """
        ኃይሌ Haile ገብረሥላሴ Gebreselassie/Gebrselassie/Gebresilase ቀነኒሳ Kenenisa/Qenenisa በቀለ Bekele ጥሩነሽ Tirunesh ዲባባ Dibaba መሠረት
        Meseret ደፋር Defar አበበ Abebe ቢቂላ Bikila/Biqila ዐቢይ Abiy አህመድ Ahmed/Ahmad መለስ Meles ዜናዊ Zenawi ሳህለወርቅ
        Sahlework/Sahleworq ዘውዴ Zewde ተወልደ Tewolde/Tewelde ገብረእግዚአብሔር Gebreegziabher/Gebregziabher ሰላም Selam/Selamawit አስቴር
        Aster አወቀ Aweke/Awoke/Aweqe ዮሐንስ Yohannes/Yohanis ትዕግስት Tigist ሙሉጌታ Mulugeta""",
    "GE": """
        ვლადიმერ Vladimer ხათუნა Khatuna ზურაბიშვილი Zurabishvili კვარაცხელია Kvaratskhelia მამარდაშვილი Mamardashvili მიქაუტაძე
        Mikautadze სალომე Salome ირაკლი Irakli ღარიბაშვილი Gharibashvili კობახიძე Kobakhidze ბიძინა Bidzina ჯორჯაძე Jorjadze""",
    "GR": """
        Αντετοκούνμπο Antetokounmpo/Antetokounbo Τσίπρας Tsipras Μητσοτάκης Mitsotakis Κωνσταντίνος Konstantinos Καραγκούνης
        Karagkounis Τσιμίκας Tsimikas Βλαχοδήμος Vlachodimos Θανάσης Thanasis Αικατερίνη Aikaterini Σακελλαροπούλου
        Sakellaropoulou Τσιτσιπάς Tsitsipas Σάκκαρη Sakkari Ευθύμιος Efthymios""",
    "MN": """
        Цахиагийн Tsakhiagiin Элбэгдорж Elbegdorj Хүрэлсүх Khurelsukh Баттулга Battulga Ухнаа Ukhnaa Сайнбаяр Sainbayar Наранцэцэг
        Narantsetseg Алтантуяа Altantuya/Altantuyaa Дорж Dorj Болормаа Bolormaa Өлзийбаяр Ulziibayar""",
    "JP": """
        大谷 Otani 翔平 Shohei 羽生 Hanyu 結弦 Yuzuru 村上 Murakami
        春樹 Haruki 小泉 Koizumi 安倍 Abe 美穂 Miho 健太 Kenta 直美 Naomi""",
    "KR": """
        손흥민 Son_Heungmin 봉준호 Bong_Junho 이정재 Lee_Jeongjae 지수 Jisu
        제니 Jeni 태형 Taehyeong 남준 Namjun 석진 Seokjin 호석 Hoseok""",
    "MV": """
        އިބްރާހީމް Ibrahim/Ibraaheem/Ibraheem މުހައްމަދު Muhammadhu/Muhammadu/Mohamed އަލީ Ali/Alee ފާތިމަތު
        Fathimath/Faathimathu/Fatimatu""",
    "BT": """
        བསྟན་འཛིན་ Tenzin རྡོ་རྗེ་ Dorje/Dorji པདྨ་ Pema/Padma ཀརྨ་ Karma ཚེ་རིང་ Tshering/Tsering""",
}  # fmt: skip
"""By country: a name, and its spellings, and so on, between spaces; `_` is a space."""


def unseen() -> list[tuple[str, str, frozenset[str]]]:
    """Country, name and spellings of each."""
    found = []
    for country, text in UNSEEN.items():
        words = text.split()
        pairs = zip(words[::2], words[1::2], strict=True)
        found += [
            (country, name, frozenset(spellings.replace("_", " ").split("/")))
            for name, spellings in dict(pairs).items()
        ]
    return found
