"""Arabic names and how people write them: a table, for no rule gives the vowels that are not written.

Frequent given names and surnames from Morocco to Iraq, with the spelling that most of their bearers have in their passports. There
is no standard for it: in another country the same name may well be written in another way.
"""

from __future__ import annotations

from hcm_pipeline.identity.ways import table_of

ARABIC = table_of("""
    محمد Mohammed أحمد Ahmed احمد Ahmed محمود Mahmoud مصطفى Mustafa علي Ali حسن Hassan حسين Hussein عمر Omar عثمان Othman
    خالد Khaled إبراهيم Ibrahim ابراهيم Ibrahim يوسف Youssef إسماعيل Ismail اسماعيل Ismail سعيد Said سعد Saad سالم Salem
    سليمان Suleiman صالح Saleh طارق Tarek ماجد Majed ناصر Nasser نبيل Nabil هشام Hisham وليد Walid ياسر Yasser كريم Karim
    جمال Gamal جميل Jamil حامد Hamed حمزة Hamza رامي Rami سامي Sami سمير Samir شريف Sherif عادل Adel عماد Emad فهد Fahd
    فيصل Faisal كمال Kamal منصور Mansour هاني Hany بلال Bilal زياد Ziad أنس Anas أسامة Osama بدر Badr راشد Rashid سلطان
    Sultan عيسى Issa موسى Mousa هارون Haroun عبدالله Abdullah عبدالرحمن Abdulrahman عبدالعزيز Abdulaziz عبد Abd عبدالرحيم
    Abdulrahim عبدالكريم Abdulkarim فاطمة Fatima عائشة Aisha مريم Maryam زينب Zainab خديجة Khadija نور Nour سارة Sara هدى
    Huda ليلى Layla سلمى Salma ياسمين Yasmin أمينة Amina آمنة Amna رانيا Rania دينا Dina منى Mona هند Hind ريم Reem سمر
    Samar نادية Nadia سعاد Souad سميرة Samira لطيفة Latifa حنان Hanan إيمان Iman إسراء Esraa آية Aya نورة Noura شيماء
    Shaimaa الفارسي Al-Farsi المصري Al-Masri الشامي Al-Shami العلي Al-Ali الأحمد Al-Ahmad الحسن Al-Hassan القحطاني
    Al-Qahtani الغامدي Al-Ghamdi الحربي Al-Harbi الشمري Al-Shammari الدوسري Al-Dosari العتيبي Al-Otaibi الزهراني
    Al-Zahrani المطيري Al-Mutairi الخطيب Al-Khatib النجار Al-Najjar الحداد Al-Haddad خوري Khoury حداد Haddad نجار Najjar
    مهدي Mahdi زهرا Zahra أمير Amir خان Khan اقبال Iqbal عمران Imran عدنان Adnan حكيم Hakim شوقي Shawqi محسن Mohsen عمير
    Omair وسام Wissam وائل Wael نادر Nader منير Mounir لؤي Louay قاسم Qasim غسان Ghassan عصام Essam عزت Ezzat ضياء Diaa
    صلاح Salah شادي Shadi رفيق Rafiq رشيد Rachid رائد Raed خليل Khalil خليفة Khalifa حاتم Hatem جابر Jaber تامر Tamer باسم
    Bassem أيمن Ayman أمجد Amjad أكرم Akram أشرف Ashraf أدهم Adham إدريس Idris إياد Iyad فارس Fares فؤاد Fouad فادي Fadi
    مالك Malik مازن Mazen مروان Marwan معاذ Moaz معتز Moataz مراد Murad نزار Nizar هيثم Haitham يحيى Yahya يعقوب Yacoub
    يونس Younes زكريا Zakaria داود Dawood جعفر Jaafar حيدر Haider عباس Abbas رضوان Radwan شاكر Shaker صابر Saber صادق
    Sadiq طلال Talal ثامر Thamer عابد Abed عارف Aref عامر Amer غازي Ghazi فرج Faraj لطفي Lotfi ماهر Maher نصر Nasr وسيم
    Wassim بسام Bassam رياض Riyadh أروى Arwa أسماء Asma أمل Amal آلاء Alaa بسمة Basma بشرى Bushra تغريد Taghreed جميلة
    Jamila جنان Jinan حليمة Halima دعاء Doaa رحمة Rahma رشا Rasha رقية Ruqayya رنا Rana رنيم Raneem رولا Rola روان Rawan
    زهراء Zahra زهرة Zahra سهام Siham سهى Soha شهد Shahd صفاء Safaa ضحى Doha عبير Abeer علياء Alia غادة Ghada فرح Farah
    لبنى Lubna لمياء Lamia لينا Lina مها Maha ملك Malak منال Manal نجلاء Naglaa نهى Noha نوال Nawal هبة Heba هناء Hanaa
    وفاء Wafaa أبو Abu أم Umm بن bin ابن Ibn بنت bint آل Al سيد Sayed السيد El-Sayed مسعود Massoud رجب Ragab رمضان Ramadan
    شعبان Shaaban عوض Awad عطية Attia فرحات Farhat قطب Qutb ملكي Maliki تميمي Tamimi عسلي Asali حوراني Hourani حلبي Halabi
    بغدادي Baghdadi دمشقي Dimashqi قرشي Qurashi هاشمي Hashemi عباسي Abbasi صيداوي Saidawi دباغ Dabbagh صباغ Sabbagh بنا
    Banna شيخ Sheikh أبان Aban أثير Atheer إحسان Ihsan أحلام Ahlam أديب Adib أسد Asad أسعد Asaad إسكندر Iskandar أصيل
    Aseel أطهر Athar أكثم Aktham أنيس Anis أنور Anwar أوس Aws إيهاب Ehab باسل Basel باهر Baher بدران Badran براء Baraa
    برهان Burhan بشار Bashar بشير Bashir بكر Bakr بكري Bakri بهاء Bahaa بهجت Bahgat تحسين Tahsin تركي Turki توفيق Tawfiq
    تيسير Tayseer جاد Gad جاسر Jaser جاسم Jassim جبر Jabr جبران Gibran جلال Jalal جمعة Jumaa جهاد Jihad جواد Jawad جودة
    Gouda جورج George حارث Harith حازم Hazem حافظ Hafez حبيب Habib حسام Hossam حسان Hassan حسني Hosni حسنين Hassanein حسون
    Hassoun حكمت Hikmat حلمي Helmy حمد Hamad حمدان Hamdan حمدي Hamdi حمود Hammoud حميد Hamid حميدة Hamida حنا Hanna حنفي
    Hanafi خالدي Khalidi خضر Khader خطاب Khattab خلدون Khaldoun خلف Khalaf خميس Khamis خير Khair خيري Khairy درويش Darwish
    دياب Diab ديب Deeb ذياب Theyab راجح Rajeh راضي Radi راغب Ragheb رافع Rafea ربيع Rabie رجاء Rajaa رزق Rizk رشاد Rashad
    رشدي Rushdi رضى Reda رعد Raad رفعت Refaat رمزي Ramzi رواد Rawad رؤوف Raouf ريان Rayan زاهر Zaher زايد Zayed زكي Zaki
    زهير Zuhair زيد Zaid زيدان Zidan زين Zain ساري Sari سالمان Salman سامح Sameh سامر Samer سراج Siraj سرور Sorour سعدون
    Saadoun سعود Saud سعدي Saadi سفيان Sufyan سلام Salam سلامة Salama سلمان Salman سليم Salim سنان Sinan سند Sanad سهيل
    Suhail سيف Saif شاهين Shaheen شداد Shaddad شعيب Shuaib شفيق Shafiq شكري Shukri شمس Shams شهاب Shehab شوكت Shawkat صبحي
    Sobhi صبري Sabri صخر Sakhr صدام Saddam صفوان Safwan صفوت Safwat صهيب Suhaib ضاري Dhari طاهر Taher طلحة Talha طلعت
    Talaat طه Taha ظافر Dhafer عاصم Asim عاطف Atef عالم Alam عايد Ayed عبيد Obaid عبيدة Obeida عبود Abboud عبده Abdo عتيق
    Ateeq عدي Uday عربي Arabi عرفات Arafat عرفة Arafa عزام Azzam عزمي Azmi عزيز Aziz عساف Assaf عصمت Esmat عطا Atta
    عطاالله Attallah عقيل Aqeel علام Allam علاء Alaa علوان Alwan علوي Alawi عمار Ammar عمرو Amr عواد Awwad عون Aoun عيد
    Eid عياد Ayad غالب Ghaleb غانم Ghanem غريب Gharib فاخر Fakher فاروق Farouk فاضل Fadel فايز Fayez فتحي Fathi فخري
    Fakhri فراس Firas فرحان Farhan فريد Farid فضل Fadl فكري Fikri فلاح Falah فهمي Fahmi فواز Fawaz فوزي Fawzi فيض Faid
    قابوس Qaboos قصي Qusai قيس Qais كاظم Kadhim كامل Kamel كايد Kayed لقمان Luqman لبيب Labib ليث Laith مأمون Mamoun مؤيد
    Moayad مؤمن Moamen ماجدي Majdi مالكي Maliki مبارك Mubarak متعب Mutaib مجاهد Mujahid مجدي Magdy محفوظ Mahfouz محرم
    Moharram محيي Mohi مختار Mokhtar مدحت Medhat مرتضى Mortada مرسي Morsi مرعي Marei مرزوق Marzouq مساعد Musaed مسعد
    Mosaad مسلم Muslim مشاري Mishari مشعل Meshal مصعب Mosab مطر Matar مطلق Mutlaq مظهر Mazhar معمر Muammar معن Maan معين
    Moein مفيد Mufid مقبل Muqbil مقداد Miqdad مكرم Makram مكي Makki ممدوح Mamdouh منذر Monther منصف Moncef مهند Mohannad
    مهنا Muhanna ميسرة Maysara ميشيل Michel ناجي Nagy نادي Nady نايف Nayef نجاح Najah نجم Najm نجيب Najib نديم Nadim نزيه
    Nazih نسيم Nassim نعمان Numan نعيم Naim نواف Nawaf نوري Nouri هادي Hadi هاشم Hashem همام Humam
    هلال Hilal هيكل Haikal واصف Wasef وجدي Wagdy وجيه Wagih وحيد Wahid وداد Widad وديع Wadie وضاح Waddah يزن Yazan يزيد
    Yazid يسري Yousry ياسين Yassin يعرب Yarub يوشع Yousha إلياس Elias بطرس Boutros بولس Boulos جرجس Girgis جوزيف Joseph
    حنين Haneen شربل Charbel طوني Tony عبدالمسيح Abdelmesih ميخائيل Mikhail مينا Mina مارون Maroun مرقس Marcos إيلي Elie
    أنطوان Antoine أنطون Anton سمعان Semaan عازر Azar غبريال Gabriel كيرلس Kyrillos نقولا Nicola آسيا Asia آمال Amal أريج
    Areej أسيل Aseel أفنان Afnan أماني Amani أميرة Amira أمنية Omnia إنعام Inaam إلهام Ilham إكرام Ikram ابتسام Ibtisam
    ابتهال Ebtehal أنوار Anwar اعتدال Etidal انتصار Intisar باسمة Basima بتول Batoul بثينة Buthaina بدرية Badria بسملة
    Basmala بلقيس Balqis بيان Bayan تالا Tala تسنيم Tasneem تهاني Tahani جوهرة Jawhara جواهر Jawaher جوري Joury حبيبة
    Habiba حسناء Hasnaa حصة Hessa حور Hoor خلود Kholoud خولة Khawla دالية Dalia داليا Dalia دانة Dana دلال Dalal دنيا
    Donia ديما Dima ديانا Diana رابعة Rabia راوية Rawia رباب Rabab رحاب Rehab رغد Raghad رندة Randa رندا Randa ريما Rima
    رنده Randa رهف Rahaf روضة Rawda روعة Rawaa ريتاج Retaj ريهام Reham زبيدة Zubaida زهور Zuhour زينة Zeina سالي Sally سجى
    Saja سحر Sahar سعدية Saadia سعيدة Saida سلوى Salwa سماح Samah سمية Sumaya سناء Sanaa سندس Sondos سوزان Suzan سوسن
    Sawsan شذى Shatha شادية Shadia شروق Shorouk شريفة Sharifa شهيرة Shahira شيرين Sherine صابرين Sabreen صباح Sabah صفية
    Safia عالية Alia عايدة Aida عبلة Abla عفاف Afaf عفراء Afra عهود Ohoud عواطف Awatef عزة Azza عزيزة Aziza غدير Ghadeer
    غزل Ghazal غيداء Ghaida فاتن Faten فادية Fadia فايزة Fayza فتحية Fathia فدوى Fadwa فردوس Ferdous فريدة Farida فوزية
    Fawzia فيروز Fayrouz كاميليا Camelia كوثر Kawthar كلثوم Kulthum كريمة Karima لجين Lujain لميس Lamis لولوة Lulwa ليان
    Layan ماجدة Magda ماريا Maria مايا Maya محاسن Mahasen مديحة Madiha مروة Marwa مشاعل Mashael معالي Maali منيرة Munira
    منة Menna موزة Moza مي Mai مياسة Mayasa ميادة Mayada ميار Mayar ميساء Maysa ميس Mais نادين Nadine نادرة Nadira ناهد
    Nahed نبيلة Nabila نجاة Najat نجود Nojoud نداء Nida ندى Nada نسرين Nisreen نسيمة Nassima نعمة Nema نعيمة Naima نفيسة
    Nafisa نورهان Nourhan نيفين Nevine هاجر Hager هالة Hala هديل Hadeel هنادي Hanadi هنية Haniya هويدا Howaida هيا Haya
    هيام Hiyam هيفاء Haifa وجدان Wijdan وردة Warda وسن Wasan وصال Wissal ولاء Walaa يارا Yara يسرا Yousra يسرى Yosra
    أبوالنجا Abouelnaga العمري Al-Omari الشهري Al-Shehri القرني Al-Qarni الشهراني Al-Shahrani العنزي Al-Enezi الرشيدي
    Al-Rashidi السبيعي Al-Subaie البلوي Al-Balawi الجهني Al-Juhani العسيري Al-Asiri المالكي Al-Maliki الثقفي Al-Thaqafi
    السلمي Al-Sulami الخالدي Al-Khalidi العجمي Al-Ajmi الهاجري Al-Hajri المري Al-Marri الكعبي Al-Kaabi الكواري Al-Kuwari
    المهيري Al-Muhairi المنصوري Al-Mansoori النعيمي Al-Nuaimi الشامسي Al-Shamsi المزروعي Al-Mazrouei الظاهري Al-Dhaheri
    الكتبي Al-Ketbi السويدي Al-Suwaidi الحمادي Al-Hammadi البلوشي Al-Balushi الحارثي Al-Harthi الرواحي Al-Rawahi البوسعيدي
    Al-Busaidi الهنائي Al-Hinai المعمري Al-Maamari السيابي Al-Siyabi الرئيسي Al-Raisi السهلي Al-Sahli الخليفة Al-Khalifa
    الصباح Al-Sabah المبارك Al-Mubarak الراشد Al-Rashid الفهد Al-Fahad السعيد Al-Saeed الجابر Al-Jaber الجبوري Al-Jubouri
    الدليمي Al-Dulaimi التميمي Al-Tamimi العبيدي Al-Obaidi الساعدي Al-Saadi الموسوي Al-Musawi الحسيني Al-Husseini الهاشمي
    Al-Hashimi الزبيدي Al-Zubaidi البياتي Al-Bayati العزاوي Al-Azzawi السامرائي Al-Samarrai الطائي Al-Taie الربيعي
    Al-Rubaie الكناني Al-Kinani البصري Al-Basri الكوفي Al-Kufi الموصلي Al-Mawsili العراقي Al-Iraqi الأسدي Al-Asadi
    الكربلائي Al-Karbalai العامري Al-Amiri الخزرجي Al-Khazraji الصالحي Al-Salihi القيسي Al-Qaisi النجفي Al-Najafi الأنصاري
    Al-Ansari المغربي Al-Maghribi التونسي Al-Tounsi الجزائري Al-Jazairi الليبي Al-Libi السوداني Al-Sudani اليمني Al-Yamani
    الحجازي Al-Hijazi المقدسي Al-Maqdisi الحلبي Al-Halabi الحموي Al-Hamwi الحمصي Al-Homsi الدمشقي Al-Dimashqi اللبناني
    Al-Lubnani البيروتي Al-Bayrouti الطرابلسي Al-Tarabulsi النابلسي Al-Nabulsi الخليلي Al-Khalili الغزي Al-Ghazzi الكردي
    Al-Kurdi التركي Al-Turki القاضي Al-Qadi النجدي Al-Najdi القرشي Al-Qurashi الجندي El-Gendy الجمال El-Gammal الشافعي
    El-Shafei الشربيني El-Sherbiny الدسوقي El-Desouky البدوي El-Badawy الطنطاوي El-Tantawy السيسي El-Sisi المنشاوي
    El-Menshawy العدوي El-Adawy الشناوي El-Shenawy الصاوي El-Sawy عبدالحليم Abdulhalim عبدالنبي Abdelnaby عبدالنور
    Abdelnour عبدربه Abdrabbo عبدالرسول Abdulrasoul عبدالحسين Abdulhussein عبدالمنعم Abdelmoneim عبدالحميد Abdulhamid
    عبدالمحسن Abdulmohsen عبدالإله Abdulilah عبدالهادي Abdulhadi عبدالجليل Abduljalil عبدالباري Abdulbari عبدالمطلب
    Abdulmuttalib عبدالعال Abdelaal عبدالغفار Abdulghaffar عبدالحق Abdulhaq عبدالرؤوف Abdulraouf عبدالسميع Abdulsami
    عبدالشكور Abdulshakur عبدالملك Abdulmalik عبدالودود Abdulwadud شلبي Shalaby حجازي Hegazy بدوي Badawi عشماوي Ashmawy
    منصوري Mansouri مرسال Mersal خطيب Khatib حجار Hajjar خياط Khayat بيطار Bitar نحاس Nahas صائغ Sayegh عطار Attar طحان
    Tahan قصاب Kassab لحام Lahham سمان Samman حلاق Hallak زيات Zayat سقا Saqqa بواب Bawab جزار Gazzar فران Farran حمامي
    Hammami قاضي Qadi نقيب Naqib كيلاني Kilani رفاعي Rifai عثماني Othmani سليماني Sulaimani علمي Alami زعبي Zoubi عبيدات
    Obeidat خصاونة Khasawneh مجالي Majali طراونة Tarawneh عدوان Adwan روسان Rousan بني Bani عيساوي Issawi جعبري Jabari
    تميم Tamim حماد Hammad حمادة Hamada حمودة Hamouda سرحان Sarhan سلطاني Sultani شحادة Shehadeh شاهر Shaher شعلان Shaalan
    عابدين Abdeen عبدو Abdo عجمي Ajami عطوي Atwi غندور Ghandour فضيلة Fadila فقيه Faqih قاسمي Qasimi قباني Qabbani قرداحي
    Kordahi كنعان Kanaan كيال Kayal مكاوي Mekkawi موسوي Mousavi نصار Nassar نصرالله Nasrallah نصري Nasri هنداوي Hindawi
    ياغي Yaghi يازجي Yazigi زغلول Zaghloul زهران Zahran شهين Shaheen صقر Saqr ضاهر Daher طنوس Tannous عازار Azar عقل Akl
    عيتاني Itani فرنجية Frangieh قزي Azzi كرم Karam لحود Lahoud مطران Moutran معلوف Maalouf ملحم Melhem منسى Mansa ناصيف
    Nassif هراوي Hrawi وهبة Wehbe يمين Yammine بوزيد Bouzid بوعزة Bouazza بوعلي Bouali بوشعيب Bouchaib بلقاسم Belkacem
    بلعيد Belaid بلخير Belkheir بنعلي Benali بنعيسى Benaissa بنموسى Benmoussa بنسالم Bensalem بنجلون Benjelloun بنيس
    Bennis بناني Bennani برادة Berrada تازي Tazi فاسي Fassi فيلالي Filali إدريسي Idrissi كتاني Kettani العلوي El-Alaoui
    الفاسي El-Fassi الإدريسي El-Idrissi الحداوي El-Haddaoui البقالي El-Bakkali الوزاني El-Ouazzani الخياري El-Khiari
    الشرقاوي Cherkaoui شرقاوي Cherkaoui العمراني El-Amrani عمراني Amrani زروال Zeroual حمداوي Hamdaoui سعيدي Saidi صديقي
    Seddiki قدور Kaddour لخضر Lakhdar مولاي Moulay ميلود Miloud بوبكر Boubker حسناوي Hasnaoui رحماني Rahmani سلامي Sellami
    شعباني Chaabani صالحي Salhi طرابلسي Trabelsi عياري Ayari غربي Gharbi همامي Hammami جبالي Jebali مرزوقي Marzouki ورفلي
    Werfalli زواوي Zouaoui
""")

_BY_COUNTRY = {
    "EG MA DZ TN MR": """
    محمد Mohamed أحمد Ahmed احمد Ahmed حسين Hussein""",
    "EG": """
    جمال Gamal نجيب Naguib رجب Ragab جلال Galal مصطفى Mostafa عمر Omar محسن Mohsen ياسمين Yasmine هدى Hoda ناجي Nagy سليم
    Selim فتحي Fathy حلمي Helmy صبري Sabry شكري Shoukry فهمي Fahmy مجدي Magdy حمدي Hamdy لطفي Lotfy شوقي Shawky فوزي Fawzy
    رمزي Ramzy وجدي Wagdy سامي Samy هاني Hany شفيق Shafik توفيق Tawfik طارق Tarek جابر Gaber جميل Gamil جميلة Gamila فؤاد
    Fouad رشيد Rashid عبدالرحمن Abdelrahman عبدالعزيز Abdelaziz عبدالكريم Abdelkarim عبدالفتاح Abdelfattah عبدالحميد
    Abdelhamid عبدالناصر Abdelnasser عبدالقادر Abdelkader عبداللطيف Abdellatif عبدالسلام Abdelsalam عبدالرازق Abdelrazek
    عبدالمجيد Abdelmeguid""",
    "MA DZ TN MR": """
    خالد Khalid رشيد Rachid شريف Cherif هشام Hicham بن Ben طاهر Tahar ناصر Nasser ياسين Yassine أشرف Achraf بشير Bachir
    إدريس Driss سفيان Sofiane عيسى Aissa ليلى Leila شكري Chokri شهاب Chiheb نور Nour مراد Mourad منير Mounir سليمان
    Slimane عثمان Othmane عمران Imrane مروان Marouane زهير Zouhair صلاح Salah فاطمة Fatima خديجة Khadija عائشة Aicha سعاد
    Souad رشيدة Rachida نجاة Najat عبدالله Abdellah عبدالرحمن Abderrahmane عبدالعزيز Abdelaziz عبدالكريم Abdelkrim
    عبدالقادر Abdelkader عبدالإله Abdelilah عبدالحق Abdelhak عبدالرحيم Abderrahim عبدالسلام Abdeslam عبداللطيف Abdellatif
    عبدالمجيد Abdelmajid عبدالمالك Abdelmalek عبدالواحد Abdelouahed عبدالوهاب Abdelouahab عبدالفتاح Abdelfattah عبدالحميد
    Abdelhamid عبدالرزاق Abderrazak نبيل Nabil هلال Hilal نورالدين Noureddine""",
    "SA AE KW QA BH OM YE": """
    خالد Khalid طارق Tariq راشد Rashid سالم Salem فؤاد Fouad سعيد Saeed حسين Hussain ماجد Majid شريف Sharif ناجي Naji نجيب
    Najeeb جاسم Jassim رجب Rajab فاروق Farooq رشيد Rasheed مجدي Majdi لؤي Luai عيسى Essa""",
    "IQ": """
    خالد Khalid عباس Abbas حسين Hussein صالح Salih جابر Jabir ناصر Nasir عادل Adil ماجد Majid كاظم Kadhim طارق Tariq سالم
    Salim علي Ali حيدر Haider""",
    "PK IN BD": """
    محمد Muhammad حسین Hussain حسن Hassan احمد Ahmed علی Ali خان Khan اقبال Iqbal جاوید Javed اکبر Akbar رضا Raza بٹ Butt
    چوہدری Chaudhry شیخ Sheikh ملک Malik بیگ Baig قریشی Qureshi صدیقی Siddiqui انصاری Ansari بخاری Bukhari گیلانی Gilani
    نقوی Naqvi رضوی Rizvi زیدی Zaidi کاظمی Kazmi جعفری Jafri عباسی Abbasi ہاشمی Hashmi فاروقی Farooqi عثمانی Usmani میر
    Mir مرزا Mirza راجا Raja رانا Rana بھٹی Bhatti عائشہ Ayesha فاطمہ Fatima خدیجہ Khadija زینب Zainab مریم Maryam عمران
    Imran نواز Nawaz شریف Sharif شہباز Shehbaz بلاول Bilawal آصف Asif زرداری Zardari بھٹو Bhutto عثمان Usman عمر Umar بلال
    Bilal فیصل Faisal کامران Kamran عدنان Adnan سلمان Salman شاہد Shahid خالد Khalid طارق Tariq اسلم Aslam اشرف Ashraf
    ارشد Arshad امجد Amjad وسیم Waseem نعیم Naeem ندیم Nadeem سلیم Saleem کریم Kareem رشید Rashid سعید Saeed حمید Hameed
    مجید Majeed وحید Waheed یوسف Yousaf یونس Younis ابراہیم Ibrahim اسماعیل Ismail اسحاق Ishaq یعقوب Yaqoob موسی Musa ثناء
    Sana صباء Saba نادیہ Nadia سعدیہ Sadia شازیہ Shazia رابعہ Rabia آمنہ Amna حنا Hina کرن Kiran ارم Iram عبداللہ Abdullah
    عبدالرحمن Abdul-Rehman غلام Ghulam شاہ Shah بی Bi بی‌بی Bibi بیگم Begum زبیر Zubair جنید Junaid حمزہ Hamza طلحہ Talha
    اسامہ Usama سعد Saad فہد Fahad حارث Haris دانش Danish عامر Amir عاصم Asim کاشف Kashif عرفان Irfan رضوان Rizwan فرحان
    Farhan نعمان Nauman ذیشان Zeeshan شعیب Shoaib شہزاد Shahzad عابد Abid ساجد Sajid ماجد Majid واجد Wajid راشد Rashid
    ناصر Nasir یاسر Yasir""",
}  # fmt: skip
_OF_GOD = table_of("""
    رحمن rahman عزيز aziz كريم karim رحيم rahim قادر qader حميد hamid مجيد majid لطيف latif سلام salam ناصر nasser واحد
    wahed غني ghani هادي hadi وهاب wahab فتاح fattah رزاق razzaq جبار jabbar خالق khaleq صمد samad حليم halim منعم moneim
    رؤوف raouf حكيم hakim له lah قدوس quddus باسط basset
""")
_FAITH = table_of("""
    نور Nour صلاح Salah علاء Ala جمال Jamal سيف Saif ناصر Nasser محي Mohi محيي Mohi شمس Shams عماد Imad بدر Badr زين Zain
    تقي Taqi حسام Hossam كمال Kamal عز Ezz سعد Saad خير Kheir فخر Fakhr شهاب Shihab ضياء Diaa
""")
_MOST = {f"عبدال{letters}": f"Abdul{plain}" for letters, plain in _OF_GOD.items()}
_MOST |= {f"{letters}الدين": f"{plain}eddin" for letters, plain in _FAITH.items()}
ARABIC = _MOST | ARABIC
BY_COUNTRY: dict[str, dict[str, str]] = {}
"""Names that are written in another way than `ARABIC` has by most people of a country (ISO 3166 alpha-2)."""
for _countries, _text in _BY_COUNTRY.items():
    for _country in _countries.split():
        BY_COUNTRY[_country] = BY_COUNTRY.get(_country, {}) | table_of(_text)
