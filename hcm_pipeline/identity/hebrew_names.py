"""Hebrew names and how people write them: a table, for no rule gives the vowels that are not written.

Frequent given names and surnames of Israel, with the spelling that most of their bearers have in their passports.
"""

from __future__ import annotations

from hcm_pipeline.identity.ways import table_of

HEBREW = table_of("""
    דוד David משה Moshe יוסף Yosef אברהם Avraham יצחק Yitzhak יעקב Yaakov שמואל Shmuel דניאל Daniel מיכאל Michael אורי Uri
    איתן Eitan נועם Noam אריאל Ariel עומר Omer יונתן Yonatan אבי Avi אלון Alon אמיר Amir גיא Guy רון Ron רועי Roi שי Shay
    תומר Tomer עידו Ido איתי Itay יואב Yoav אסף Asaf שלמה Shlomo חיים Haim מאיר Meir אליהו Eliyahu שרה Sara רחל Rachel לאה
    Leah רבקה Rivka מרים Miriam אסתר Esther חנה Hana נועה Noa מאיה Maya תמר Tamar יעל Yael מיכל Michal שירה Shira רותם
    Rotem ענת Anat דנה Dana גלית Galit הילה Hila עדי Adi ליאור Lior רוני Roni טל Tal גל Gal אור Or כהן Cohen לוי Levi
    מזרחי Mizrahi פרץ Peretz ביטון Biton דהן Dahan אזולאי Azoulay פרידמן Friedman מלכה Malka כץ Katz חדד Hadad גבאי Gabay
    עמר Amar שפירא Shapira גולדברג Goldberg אוחיון Ohayon בן Ben בר Bar אדם Adam אהרן Aharon אורן Oren אייל Eyal אילן Ilan
    איתמר Itamar אלי Eli אליעזר Eliezer אלכס Alex אמנון Amnon אסי Asi אריה Arie ארז Erez אשר Asher בועז Boaz בנימין
    Binyamin ברק Barak גבריאל Gabriel גדעון Gideon גיל Gil דב Dov דורון Doron דן Dan זאב Zeev יובל Yuval יהודה Yehuda
    יהונתן Yehonatan יהושע Yehoshua ירון Yaron ישראל Israel לירון Liron מנחם Menachem מתן Matan נדב Nadav נחום Nahum ניר
    Nir נתן Natan נתנאל Netanel עמית Amit עמוס Amos עוז Oz עופר Ofer עידן Idan פנחס Pinchas צבי Zvi רן Ran רפאל Rafael
    שגיא Sagi שמעון Shimon אביגיל Avigail אורית Orit אורלי Orly איילת Ayelet אילנה Ilana אלה Ella אפרת Efrat בת Bat ברכה
    Bracha גילה Gila דבורה Devora דליה Dalia דקלה Dikla הדס Hadas הדר Hadar ורד Vered זהבה Zehava חוה Hava טליה Talia
    יוליה Yulia יפה Yafa כרמית Karmit כרמל Carmel לאורה Laura לילך Lilach לימור Limor מורן Moran מיכאלה Michaela נטע Neta
    נעמה Naama נעמי Naomi ניצן Nitzan סיגל Sigal סמדר Smadar ספיר Sapir עדן Eden עינת Einat ענבל Inbal ענבר Inbar פנינה
    Pnina קרן Keren רונית Ronit שולמית Shulamit שושנה Shoshana שני Shani שרון Sharon תהילה Tehila גולן Golan דיין Dayan
    הלוי Halevi וקנין Vaknin יוספי Yosefi ישראלי Israeli משולם Meshulam סויסה Suissa עזרא Ezra רוזן Rosen רוזנברג
    Rosenberg שטרן Stern שרעבי Sharabi אשכנזי Ashkenazi ברוך Baruch גרינברג Greenberg וייס Weiss קליין Klein אביאל Aviel
    אביב Aviv אביגדור Avigdor אבידן Avidan אביה Avia אביהו Avihu אבינועם Avinoam אבינר Aviner אבירם Aviram אביתר Evyatar
    אבנר Avner אברם Avram אדיר Adir אהוד Ehud אהובה Ahuva אודי Udi אוהד Ohad אופיר Ofir אופק Ofek אופירה Ofira אוראל Orel
    אוריאל Uriel אוריין Oryan אורטל Ortal אושרי Oshri אושר Osher אחינועם Ahinoam איגור Igor אידית Idit איילה Ayala איריס
    Iris אירית Irit איתיאל Itiel אלדד Eldad אלחנן Elhanan אליאב Eliav אליאור Elior אליה Eliya אליק Elik אלירן Eliran
    אלישבע Elisheva אלישע Elisha אלמוג Almog אלעד Elad אלעזר Elazar אלקנה Elkana אמה Emma אמונה Emuna אמיתי Amitai אנה
    Anna אנדריי Andrei אסנת Osnat אפי Effie אפרים Efraim אריק Arik ארנון Arnon ארי Ari אריאלה Ariela ארתור Arthur אתי Eti
    בלה Bella בלהה Bilha בצלאל Bezalel ברוריה Bruria בריאן Brian בתיה Batya גבי Gabi גד Gad גדי Gadi גולי Guli גור Gur
    גידי Gidi גילי Gili גילעד Gilad גלעד Gilad גלי Gali גליה Galia גרשון Gershon דביר Dvir דבי Debby דודו Dudu דוריס Doris
    דורית Dorit דור Dor דותן Dotan דינה Dina דליית Daliat דנאל Danel דני Dani דניאלה Daniela דנית Danit דפנה Dafna דקל
    Dekel דרור Dror הגר Hagar הודיה Hodaya הלל Hillel הראל Harel הרצל Herzl ויקטור Victor ויקטוריה Victoria ורדה Varda
    זוהר Zohar זיו Ziv זיוה Ziva זכריה Zecharia זלמן Zalman חגי Hagai חגית Hagit חופית Hofit חזי Hezi חיה Haya חיימי Haimi
    חנן Hanan חננאל Hananel חנוך Hanoch חן Chen חני Hani טובה Tova טוביה Tuvia טוהר Tohar טלי Tali טלאור Talor טמיר Tamir
    יאיר Yair יהב Yahav יהל Yahel יהלי Yahli יהודית Yehudit יואל Yoel יובב Yovav יוחאי Yohai יוחנן Yohanan יוכבד Yocheved
    יוני Yoni יונה Yona יוסי Yossi יורם Yoram יותם Yotam יחזקאל Yehezkel יחיאל Yechiel ינאי Yannai ינון Yinon יעלה Yaela
    יערה Yaara יצהר Yitzhar יקיר Yakir ירדן Yarden ירדנה Yardena ירמיהו Yirmiyahu ישי Yishai ישעיהו Yeshayahu יששכר
    Issachar כליל Klil כפיר Kfir כנרת Kinneret לביא Lavi להב Lahav לוטם Lotem לי Lee ליאב Liav ליאורה Liora ליאם Liam ליאן
    Lian ליבי Libi ליה Lia ליהי Lihi ליהיא Lihi לילה Lila לינוי Linoy ליעד Liad לינה Lina ליר Lir לירז Liraz לירי Liri
    מאור Maor מאורי Maori מאי Mai מיה Maya מור Mor מורד Mordechai מורדכי Mordechai מרדכי Mordechai מוטי Moti מיטל Meital
    מייק Mike מיקי Miki מירב Merav מירון Miron מירי Miri מיקה Mika מלאכי Malachi מלכיאל Malkiel מנור Manor מנשה Menashe
    מעוז Maoz מעיין Maayan מרב Merav מרגלית Margalit מרינה Marina מריה Maria משי Mashi מתי Mati מתנאל Matanel מתיתיהו
    Matityahu נאוה Nava נגה Noga נהוראי Nehorai נווה Naveh נוי Noy נופר Nofar נורית Nurit נחמן Nachman נחמה Nechama נחשון
    Nachshon נטלי Natalie נטליה Natalia נטעלי Netali ניב Niv נילי Nili נעם Noam נפתלי Naftali סביון Savyon סהר Sahar סיון
    Sivan סיוון Sivan סימה Sima סתיו Stav סרגיי Sergey סשה Sasha עדיאל Adiel עדינה Adina עובד Oved עובדיה Ovadia עוזי Uzi
    עודד Oded עומרי Omri עופרה Ofra עופרי Ofri עזריאל Azriel עטרה Atara עינב Einav עירית Irit עירד Irad עליזה Aliza עלמה
    Alma עמי Ami עמיחי Amichai עמיעד Amiad עמליה Amalia עמרם Amram עמרי Omri ענהאל Anael עקיבא Akiva עתי Itai פאני Fanny
    פולינה Polina פז Paz פזית Pazit פלג Peleg פני Penny פסח Pesach פרידה Frida צביה Zvia ציון Zion ציונה Ziona ציפי Tzipi
    ציפורה Tzipora צוף Zuf צופיה Sofia צור Tzur קובי Kobi קורל Coral קים Kim קסניה Ksenia קרין Karin קטיה Katia רגב Regev
    רויטל Revital רומי Romi רונן Ronen רונלי Ronli רות Rut רותי Ruti רז Raz רחלי Racheli רינה Rina רינת Rinat ריקי Riki רם
    Ram רמי Rami רננה Renana רעות Reut רענן Raanan רפי Rafi רתם Rotem שאול Shaul שגב Segev שגית Sagit שדמה Shadma שובל
    Shoval שולה Shula שולי Shuli שיראל Shirel שיר Shir שירי Shiri שירלי Shirley שחר Shahar שילה Shilo שלום Shalom שלומי
    Shlomi שלומית Shlomit שלי Shelly שמחה Simcha שמיר Shamir שמרית Shimrit שנהב Shenhav שרית Sarit שרי Sari ששי Sasi תאיר
    Tair תבל Tevel תהל Tehel תום Tom תמי Tami תמיר Tamir תנאל Tanel תקוה Tikva אבוטבול Abutbul אביטן Avitan אברמוביץ
    Abramovich אברמוב Abramov אברהמי Avrahami אדרי Edri אוחנה Ohana אזרי Azri אחרק Aharak אלבז Elbaz אלקיים Elkayam אלפסי
    Alfasi אלימלך Elimelech אמסלם Amsalem אסולין Assouline אסרף Assaraf אפשטיין Epstein ארביב Arbiv בוזגלו Buzaglo בוחבוט
    Bohbot בוסקילה Buskila בכר Bachar בלום Blum בן־דוד Ben-David בנימיני Benyamini ברגר Berger ברמן Berman ברנר Brenner
    ברקוביץ Berkovich ברקת Barkat בראון Brown גבריאלי Gavrieli גולדמן Goldman גולדשטיין Goldstein גוטמן Gutman גוטליב
    Gottlieb גולדפרב Goldfarb גורדון Gordon גורן Goren גז Gez גינזבורג Ginzburg גנון Ganon גרוס Gross גרוסמן Grossman גרין
    Green גרינבאום Greenbaum דדון Dadon דוידוב Davidov דויטש Deutsch דוידי Davidi דרורי Drori הופמן Hoffman הורוביץ
    Horowitz הילל Hillel הירש Hirsch הכהן Hacohen הלפרין Halperin הררי Harari וולף Wolf ויס Weiss ויסמן Weissman ויינברג
    Weinberg ויינשטיין Weinstein וינברג Weinberg וינשטיין Weinstein וקסלר Wexler ורדי Vardi זילברמן Silberman זילברברג
    Zilberberg זיסמן Zisman זכאי Zakai זלצמן Salzman זמיר Zamir זנדברג Zandberg חביב Haviv חזן Hazan חיון Hayun חכמון
    Hachmon חסון Hasson טויטו Toito טננבאום Tenenbaum ילין Yelin יעקובי Yaakobi יצחקי Yitzhaki ירושלמי Yerushalmi ישועה
    Yeshua כהנא Kahana כהנים Kahanim כרמי Carmi כרמלי Carmeli לב Lev לוגסי Lugasi לוינסון Levinson לוינשטיין Levinstein
    לזר Lazar לחיאני Lahiani ליבוביץ Leibovich ליפשיץ Lifshitz לנדאו Landau לפידות Lapidot מגן Magen מויאל Moyal מזור
    Mazor מימון Maimon מלול Malul מלמד Melamed ממן Maman מנצור Mansour מסיקה Mesika מרציאנו Marciano מרקוביץ Markovich
    משיח Mashiach נגר Nagar נוימן Neumann נחמיאס Nachmias נחמני Nachmani נסים Nissim ניסים Nissim סבג Sabag סגל Segal
    סולומון Solomon סופר Sofer סלומון Salomon סלע Sela סמואל Samuel סרור Sror עוזרי Ozeri עזרן Azran עטיה Atia עמרני
    Amrani ענתבי Antebi פדידה Fadida פויכטונגר Feuchtwanger פולק Pollak פורת Porat פחימה Fahima פינטו Pinto פיינברג
    Feinberg פינק Fink פישר Fisher פלד Peled פלדמן Feldman פליישר Fleisher פרידלנדר Friedlander פרי Peri פרנקל Frenkel
    פרנק Frank צדוק Tzadok צימרמן Zimmerman צרפתי Tzarfati קאופמן Kaufman קדוש Kadosh קדם Kedem קורן Koren קופמן Kaufman
    קידר Keidar קיסר Kaiser קמחי Kimchi קפלן Kaplan קצב Katzav קרמר Kramer קריספין Krispin רבינוביץ Rabinovich רביב Raviv
    רובין Rubin רובינשטיין Rubinstein רוזנטל Rosenthal רוזנפלד Rosenfeld רוזנבלום Rosenblum רוט Roth רוטשילד Rothschild
    רוטמן Rotman רחמים Rahamim רייך Reich ריבקין Rivkin רפפורט Rapoport שבתאי Shabtai שבת Shabat שגיב Sagiv שוורץ Schwartz
    שוחט Shochat שושן Shoshan שור Shor שטיין Stein שטרית Shitrit שטרנברג Sternberg שיינמן Scheinman שלו Shalev שמואלי
    Shmueli שמש Shemesh שניידר Schneider שפיגל Spiegel שפיר Shapir שפירו Shapiro שקד Shaked שקלים Shkalim שריד Sarid ששון
    Sasson תורג'מן Turgeman תירוש Tirosh תם Tam תמם Tamam תשובה Tshuva זילבר Silber גולד Gold לייב Leib רייז Reis בלוך
    Bloch הרמן Herman הלר Heller שולמן Shulman
    אביבה Aviva אביטל Avital אביחי Avihai אבימלך Avimelech אבישג Avishag אבישי Avishai אברהמוב Avrahamov אגם Agam אדווה Adva
    אדר Adar אהרוני Aharoni אהרונוביץ Aharonovich אוהל Ohel אולגה Olga אופרי Ofri אורנה Orna אורנית Ornit אורפז Orpaz אושרת
    Oshrat אידה Ida איזבלה Isabella איזק Isaac איילון Ayalon אילנית Ilanit אינה Inna אינגריד Ingrid אירינה Irina אירן Iren
    אלבר Alber אלדר Eldar אלונה Alona אליאס Elias אלינור Elinor אליסף Elyasaf אלכסנדר Alexander אלכסנדרה Alexandra אלכסיי
    Alexey אלמה Alma אלנה Elena אלרועי Elroi אמילי Emily אמיליה Emilia אמתי Amitai אנטון Anton אנסטסיה Anastasia אסתי Esti
    אפרתי Efrati ארגמן Argaman אריאלי Arieli אשד Eshed אשל Eshel אשרת Oshrat בהט Bahat בוקובזה Bukobza בוקר Boker בורנשטיין
    Borenstein בוריס Boris בטי Betty ביילין Beilin בינה Bina בן-ארי Ben-Ari בן-חיים Ben-Haim בן-שושן Ben-Shushan בן-נון
    Ben-Nun בן-צבי Ben-Zvi בנאי Banai בנדר Bender ברהום Barhum ברוכי Bruchi ברזני Barzani בריל Brill ברנדייס Brandeis ברנע
    Barnea ברנשטיין Bernstein ברעם Baram בת-אל Batel בת-שבע Batsheva גבעון Givon גבריאלה Gabriela גולדברגר Goldberger גורביץ
    Gurevich גורי Guri גורליק Gorelik גייגר Geiger גילת Gilat גינת Ginat גינוסר Ginossar גלאון Galon גלבוע Gilboa גלר Geller
    גמזו Gamzu גנדי Gandi גנות Ganot גפן Gefen גראייב Graiev גרבר Gerber גרטנר Gertner גרינפלד Greenfeld גרינשטיין
    Greenstein גרמן German גרשוני Gershoni דגן Dagan דה Da דהאן Dahan דובי Dubi דובדבן Dovdevan דוידוביץ Davidovich דולב
    Dolev דולי Dolly דונה Dona דורה Dora דיאנה Diana דיסקין Diskin דלית Dalit דמרי Damari דרוקר Drucker דריה Daria דרמון
    Darmon הדסה Hadassah הוד Hod הוכברג Hochberg הורביץ Horowitz הורן Horn היימן Heiman הילי Hili הירשפלד Hirschfeld הלנה
    Helena הנרי Henry הרטמן Hartman הרמתי Harmati הרשקוביץ Hershkovitz ואדים Vadim ואקנין Vaknin וגנר Wagner ווקנין Vaknin
    ויוי Vivi ויויאן Vivian ויטלי Vitaly ויינברגר Weinberger וייסברג Weisberg ויסברג Weisberg וינר Wiener ולדימיר Vladimir
    ולדמן Waldman ולנטינה Valentina ולרי Valery ורה Vera זגורי Zaguri זהר Zohar זוסמן Sussman זידמן Zeidman זינגר Singer
    זלינגר Zelinger זקן Zaken חבר Haver חדוה Hedva חדווה Hedva חורי Khoury חזקיה Hezkiya חייט Hayat חיימוב Haimov חיימוביץ
    Haimovich חיים-שלום Haim-Shalom חכים Hakim חלבי Halabi חלי Heli חלמיש Halamish חמדי Hamdi חמו Hamo חנניה Hanania חפץ
    Hefetz חפר Hefer חרמון Hermon טולדנו Toledano טופז Topaz טורקיה Turkia טייכמן Teichman טלמור Talmor טננבוים Tannenbaum
    טפירו Tapiro טרבלסי Trabelsi יגאל Yigal יגיל Yagil יגר Yager ידידיה Yedidia יהודאי Yehudai יהלום Yahalom יום-טוב Yom-Tov
    יוסף-חי Yosef-Hai יזרעאלי Izraeli יחיא Yahya יעוז Yaoz יעלי Yaeli יעקובוביץ Yakubovich יעקבי Yaakobi יפעת Yifat יפת
    Yefet יצחקוב Yitzhakov ירוחם Yeruham ירחמיאל Yerachmiel כהן-צדק Cohen-Tzedek כוכבי Kochavi כוכבה Kochava כלנית Kalanit
    כספית Kaspit לאון Leon לבנה Levana לבנון Levanon לבקוביץ Lebkovich לובה Luba לוטן Lotan לוסי Lucy לוסקי Lusky לחמי Lahmi
    ליאון Leon ליאת Liat לידור Lidor לילי Lili לין Lin ליפמן Lipman לסרי Lasri לרנר Lerner מאירי Meiri מולכו Molcho מונה
    Mona מוריה Moriah מוריס Maurice מזל Mazal מחפוד Mahfud מיכה Micha מיכלסון Michelson מילר Miller מימי Mimi מינה Mina
    מירית Mirit מישל Michel מיתר Meitar מלי Mali מלניק Melnik מנדל Mendel מנדלבאום Mandelbaum מעין Maayan מקסים Maxim
    מקסימוב Maximov מרום Marom מרון Maron מרידור Meridor מרק Mark מתניה Matanya מתתיהו Matityahu נאווה Nava נולי Nuli
    נועה-לי Noa-Lee נינה Nina נירית Nirit ניקול Nicole נמרוד Nimrod נמרודי Nimrodi נעה Noa נצר Netzer נריה Neria נתי Nati
    נתנאלה Netanela סבטלנה Svetlana סדן Sadan סולומונוב Solomonov סופיה Sofia סטלה Stella סיגלית Sigalit סימון Simon
    סימן-טוב Siman-Tov סיני Sinai סלים Salim סלמאן Salman סנדלר Sandler עידית Idit עינבל Inbal עמיר Amir עמיקם Amikam עמנואל
    Emanuel עפרה Ofra ערבה Arava עשהאל Asahel פוקס Fuchs פורמן Furman פיינגולד Feingold פייגה Feiga פייגין Feigin פינה Pina
    פינקל Finkel פינקלשטיין Finkelstein פיני Pini פינסקי Pinsky פליקס Felix פרג Farage פרוכטר Fruchter פרחי Farhi פריאל
    Friel פרייס Preis פריצקי Pritzki פרל Perl פרלמן Perlman צ'רלי Charlie צדקיהו Zidkiyahu צוקר Zucker צורי Tzuri צחי Tzahi
    צימבליסט Zimbalist צליל Tzlil קוגן Kogan קולמן Coleman קוסטה Costa קורנפלד Kornfeld קוריאט Coriat קיפניס Kipnis קירה
    Kira קירשנבאום Kirschenbaum קנטור Kantor קניגסברג Konigsberg קסלר Kessler קפוטה Caputa קרויטורו Kroitoru קרומבי Krumbi
    ראובני Reuveni ראם Reem רגינה Regina רובי Ruby רודיטי Rodity רוזה Rosa רוזנבאום Rosenbaum רוזנבוים Rosenbaum רוזנצווייג
    Rosenzweig רוית Ravit רון-אל Ronel ריטה Rita רפאלי Refaeli רפאלוב Rafaelov רקפת Rakefet שאולי Shauli שבי Shabi שוש Shosh
    שחף Shahaf שחם Shaham שי-לי Shaili שירן Shiran שלומוב Shlomov שליט Shalit שם-טוב Shem-Tov שמעוני Shimoni שנהר Shenhar
    שניאור Shneur שפי Shefi שקולניק Shkolnik תומס Thomas תורן Toren תיקי Tiki תלם Telem תמרה Tamara תנעמי Tanami תפארת
    Tiferet תרצה Tirza
""")
