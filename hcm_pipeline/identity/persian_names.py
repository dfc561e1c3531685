"""Persian names and how people write them: a table, for no rule gives the vowels that are not written.

Frequent given names and surnames of Iran and Afghanistan, with the spelling that most of their bearers have in their passports.
"""

from __future__ import annotations

from hcm_pipeline.identity.ways import table_of

PERSIAN = table_of("""
    محمد Mohammad علی Ali حسین Hossein حسن Hassan رضا Reza مهدی Mehdi احمد Ahmad محمود Mahmoud امیر Amir عباس Abbas اکبر
    Akbar اصغر Asghar جواد Javad حمید Hamid سعید Saeed مجید Majid وحید Vahid ناصر Naser منصور Mansour مسعود Masoud مرتضی
    Morteza مصطفی Mostafa مجتبی Mojtaba محسن Mohsen مسلم Moslem میثم Meysam میلاد Milad ابراهیم Ebrahim اسماعیل Esmail
    ایوب Ayoub یوسف Yousef یعقوب Yaghoub یونس Younes یحیی Yahya موسی Mousa عیسی Isa داوود Davoud داود Davoud سلیمان
    Soleyman هادی Hadi کاظم Kazem قاسم Ghasem صادق Sadegh باقر Bagher جعفر Jafar حیدر Heydar خلیل Khalil رسول Rasoul
    روح‌الله Rouhollah سجاد Sajjad صابر Saber صالح Saleh طاها Taha عادل Adel فاضل Fazel فرزاد Farzad فرهاد Farhad فرشاد
    Farshad فرید Farid فریدون Fereydoun فرامرز Faramarz فرخ Farrokh فرود Foroud فردین Fardin فریبرز Fariborz کامران Kamran
    کامبیز Kambiz کاوه Kaveh کوروش Kourosh کیان Kian کیوان Keyvan کیومرث Kiumars کسری Kasra کریم Karim کمال Kamal بابک
    Babak بهرام Bahram بهروز Behrouz بهزاد Behzad بهمن Bahman بهنام Behnam بیژن Bijan بردیا Bardia برزو Borzou پارسا Parsa
    پدرام Pedram پرویز Parviz پژمان Pejman پوریا Pouria پویا Pouya پویان Pouyan پیمان Peyman پیام Payam پیروز Pirouz تورج
    Touraj جمشید Jamshid جهانگیر Jahangir جلال Jalal جمال Jamal خسرو Khosrow خشایار Khashayar داریوش Dariush دانیال Danial
    رامین Ramin رامتین Ramtin رستم Rostam رهام Roham روزبه Rouzbeh سامان Saman سام Sam سپهر Sepehr ستار Sattar سروش
    Soroush سعادت Saadat سهراب Sohrab سهیل Soheil سیامک Siamak سیاوش Siavash سیروس Sirous سینا Sina شاهرخ Shahrokh شاهین
    Shahin شایان Shayan شهاب Shahab شهرام Shahram شهریار Shahriar شهروز Shahrouz شروین Shervin غلام Gholam غلامرضا
    Gholamreza غلامحسین Gholamhossein قدرت Ghodrat مازیار Maziar مانی Mani ماهان Mahan مهران Mehran مهرداد Mehrdad مهیار
    Mahyar منوچهر Manouchehr مرداد Mordad نادر Nader نوید Navid نیما Nima نیکان Nikan هومن Houman هوشنگ Houshang هوتن
    Houtan همایون Homayoun یاشار Yashar یاسر Yaser آرش Arash آرمان Arman آرمین Armin آرین Arian آریا Aria آراد Arad آبتین
    Abtin آیدین Aydin آزاد Azad اردشیر Ardeshir اردلان Ardalan ارسلان Arsalan اسفندیار Esfandiar اشکان Ashkan افشین Afshin
    امید Omid امین Amin انوش Anoush ایرج Iraj ایمان Iman احسان Ehsan اسد Asad اسدالله Asadollah حبیب Habib حبیب‌الله
    Habibollah رحیم Rahim رحمان Rahman رحمت Rahmat رمضان Ramezan عبدالله Abdollah عبدالرضا Abdolreza عبدالحسین
    Abdolhossein عزیز Aziz عطا Ata علیرضا Alireza حمیدرضا Hamidreza محمدرضا Mohammadreza امیرحسین Amirhossein امیرعلی
    Amirali امیررضا Amirreza امیرمحمد Amirmohammad محمدعلی Mohammadali محمدحسین Mohammadhossein محمدمهدی Mohammadmehdi
    علی‌اکبر Aliakbar ابوالفضل Abolfazl ابوالقاسم Abolghasem ابوذر Abouzar نعمت Nemat نصرت Nosrat نصرالله Nasrollah
    فتح‌الله Fathollah قربان Ghorban شعبان Shaban رجب Rajab صفر Safar فاطمه Fatemeh زهرا Zahra مریم Maryam معصومه Masoumeh
    زینب Zeynab سمیه Somayeh صدیقه Sedigheh طاهره Tahereh طیبه Tayebeh خدیجه Khadijeh رقیه Roghayeh سکینه Sakineh نرگس
    Narges نسرین Nasrin نسترن Nastaran نازنین Nazanin نیلوفر Niloufar ندا Neda نگار Negar نگین Negin نوشین Noushin نیکی
    Niki ناهید Nahid نجمه Najmeh نغمه Naghmeh لیلا Leila لاله Laleh لادن Ladan مینا Mina مینو Minoo میترا Mitra مهسا Mahsa
    مهناز Mahnaz مهین Mahin مهتاب Mahtab مژگان Mozhgan مژده Mozhdeh منیژه Manijeh مهشید Mahshid ماندانا Mandana ملیکا
    Melika مائده Maedeh محبوبه Mahboubeh مرضیه Marzieh الهام Elham الهه Elaheh آزاده Azadeh آرزو Arezoo آیدا Aida آتنا
    Atena آناهیتا Anahita آذر Azar آذین Azin اعظم Azam اکرم Akram اشرف Ashraf افسانه Afsaneh افسون Afsoon بهاره Bahareh
    بهار Bahar باران Baran بیتا Bita بنفشه Banafsheh پروانه Parvaneh پروین Parvin پریسا Parisa پریا Parya پرستو Parastoo
    پگاه Pegah پونه Pouneh ترانه Taraneh تهمینه Tahmineh ثریا Soraya حدیث Hadis حمیده Hamideh دنیا Donya رعنا Rana رویا
    Roya راضیه Razieh ریحانه Reyhaneh زیبا Ziba ژاله Zhaleh ژیلا Zhila سارا Sara ساناز Sanaz سپیده Sepideh ستاره Setareh
    سحر Sahar سمانه Samaneh سمیرا Samira سودابه Soudabeh سوسن Sousan سهیلا Soheila سیما Sima سیمین Simin شادی Shadi شبنم
    Shabnam شهره Shohreh شهلا Shahla شهناز Shahnaz شقایق Shaghayegh شیدا Sheida شیرین Shirin شیوا Shiva شکوفه Shokoufeh
    صبا Saba عاطفه Atefeh غزل Ghazal غزاله Ghazaleh فرشته Fereshteh فرناز Farnaz فریبا Fariba فریده Farideh فرزانه
    Farzaneh فروغ Forough فروزان Forouzan فهیمه Fahimeh کتایون Katayoun کیانا Kiana کیمیا Kimia گلناز Golnaz گلنار Golnar
    گیتی Giti گلی Goli گیسو Gisoo یاسمن Yasaman یاسمین Yasamin یلدا Yalda یگانه Yeganeh هانیه Hanieh هدی Hoda هما Homa
    هستی Hasti ستایش Setayesh ثنا Sana حنانه Hananeh زهره Zohreh مهدیه Mahdieh نفیسه Nafiseh هاجر Hajar وجیهه Vajiheh
    محمدی Mohammadi حسینی Hosseini احمدی Ahmadi رضایی Rezaei کریمی Karimi موسوی Mousavi هاشمی Hashemi جعفری Jafari صادقی
    Sadeghi رحیمی Rahimi ابراهیمی Ebrahimi قاسمی Ghasemi حیدری Heydari اکبری Akbari علوی Alavi مرادی Moradi سلیمانی
    Soleimani نوری Nouri یوسفی Yousefi طاهری Taheri باقری Bagheri کاظمی Kazemi عباسی Abbasi امینی Amini امیری Amiri انصاری
    Ansari بهرامی Bahrami تهرانی Tehrani جلالی Jalali حسنی Hassani خانی Khani خسروی Khosravi داوودی Davoudi رستمی Rostami
    رحمانی Rahmani زارع Zare زارعی Zarei زمانی Zamani سعیدی Saeedi سلطانی Soltani شریفی Sharifi شفیعی Shafiei شیرازی
    Shirazi صالحی Salehi صفری Safari ضیایی Ziaei عزیزی Azizi عظیمی Azimi غفاری Ghaffari فتحی Fathi فراهانی Farahani فرهادی
    Farhadi فلاح Fallah قنبری Ghanbari کمالی Kamali گودرزی Goudarzi لطفی Lotfi محمودی Mahmoudi مظفری Mozaffari معینی
    Moeini ملکی Maleki منصوری Mansouri مهدوی Mahdavi میرزایی Mirzaei نادری Naderi نجفی Najafi نصیری Nasiri نظری Nazari
    نعمتی Nemati نیکزاد Nikzad وکیلی Vakili یزدانی Yazdani یعقوبی Yaghoubi اسدی Asadi اسماعیلی Esmaili اصفهانی Esfahani
    افشار Afshar افشاری Afshari الهی Elahi ایزدی Izadi بیات Bayat بیگی Beigi پناهی Panahi پیری Piri ترابی Torabi توکلی
    Tavakoli جباری Jabbari جمشیدی Jamshidi حاتمی Hatami حجتی Hojati خادمی Khademi خلیلی Khalili خوش Khosh دهقان Dehghan
    دهقانی Dehghani راد Rad رجبی Rajabi رفیعی Rafiei روحانی Rouhani زند Zand سجادی Sajjadi سرمدی Sarmadi شاکری Shakeri
    شجاعی Shojaei شکوری Shakouri صمدی Samadi عابدی Abedi عسگری Asgari عطایی Ataei فاضلی Fazeli فرجی Faraji فروتن Foroutan
    قربانی Ghorbani قریشی Ghoreishi کرمانی Kermani کرمی Karami کشاورز Keshavarz کیانی Kiani مجیدی Majidi محبی Mohebbi
    مختاری Mokhtari مرتضوی Mortazavi مقدم Moghaddam منفرد Monfared مؤمنی Momeni مومنی Momeni نبوی Nabavi نوروزی Nowrouzi
    هدایتی Hedayati همتی Hemmati واعظی Vaezi ولی Vali ولیان Valian تبریزی Tabrizi کاشانی Kashani همدانی Hamedani مشهدی
    Mashhadi قمی Ghomi یزدی Yazdi گیلانی Gilani مازندرانی Mazandarani خراسانی Khorasani لاریجانی Larijani رفسنجانی
    Rafsanjani زنجانی Zanjani میر Mir سید Seyed حاجی Haji حاج Haj ملا Molla میرزا Mirza شیخ Sheikh خان Khan شاه Shah بیگ
    Beig بانو Banoo جان Jan دین Din الله Allah نور Nour گل Gol مهر Mehr جهان Jahan بنی Bani پور Pour زاده Zadeh نژاد Nejad
    فر Far نیا Nia تبار Tabar دوست Doost نجفیان Najafian
""")
AFGHAN = table_of("""
    محمد Mohammad حامد Hamid کرزی Karzai اشرف Ashraf غنی Ghani عبدالله Abdullah احمد Ahmad حسین Hussain حسن Hassan رحیم
    Rahim کریم Karim نور Noor گل Gul خان Khan زی Zai احمدزی Ahmadzai یوسفزی Yousufzai نورزی Noorzai ستانکزی Stanekzai قاسم
    Qasim صادق Sadiq باقر Baqir قدیر Qadir قدرت Qudrat مصطفی Mustafa عبدالرحمن Abdul-Rahman غلام Ghulam فاطمه Fatima زهرا
    Zahra قربان Qurban یعقوب Yaqub ولی Wali وحید Wahid وکیل Wakil نوید Nawid داوود Dawood رسول Rasool رحمان Rahman صدیقی
    Sediqi قاسمی Qasimi هاشمی Hashimi حیدری Haidari رضایی Rezai محمدی Mohammadi حسینی Hussaini احمدی Ahmadi نوری Noori
    قادری Qaderi عزیزی Azizi
""")
"""Names that are written in another way in Afghanistan."""
