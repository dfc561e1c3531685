"""Names and their spelling in Latin letters, as the standards and the passports of the countries have them.

Written from the standards and from well-known bearers, and not from what the product makes of them.
`benchmarks/spelling.py` measures.
"""

from __future__ import annotations

LABELLED: dict[tuple[str, str], str] = {
    # ICAO Doc 9303 and Order 4271 of 2016 of the Ministry of Foreign Affairs of Russia
    ("RU", "Doc 9303"): """
        Александр Aleksandr Сергей Sergei Юлия Iuliia Наталья Natalia Дмитрий Dmitrii Евгений Evgenii Алексей Aleksei Ксения
        Kseniia Пётр Petr Фёдор Fedor
        Щербаков Shcherbakov Хрущёв Khrushchev Цветаева Tsvetaeva Чехов Chekhov Жуков Zhukov Подъячев Podieiachev Эйзенштейн
        Eizenshtein Яковлев Iakovlev
        Юрий Iurii Мария Mariia Ильин Ilin Быков Bykov Шишкин Shishkin Григорьев Grigorev Объедков Obieedkov""",
    # The table of resolution 55 of 2010 of the Cabinet of Ministers of Ukraine
    ("UA", "resolution 55"): """
        Алушта Alushta Андрій Andrii Борщагівка Borshchahivka Борисенко Borysenko Вінниця Vinnytsia Володимир Volodymyr
        Гадяч Hadiach Богдан Bohdan Згурський Zghurskyi
        Ґалаґан Galagan Ґорґани Gorgany Донецьк Donetsk Дмитро Dmytro Рівне Rivne Олег Oleh Есмань Esman Єнакієве Yenakiieve
        Гаєвич Haievych Короп'є Koropie
        Житомир Zhytomyr Жанна Zhanna Жежелів Zhezheliv Закарпаття Zakarpattia Казимирчук Kazymyrchuk Медвин Medvyn
        Михайленко Mykhailenko Іванків Ivankiv Іващенко Ivashchenko
        Їжакевич Yizhakevych Кадиївка Kadyivka Мар'їне Marine Йосипівка Yosypivka Стрий Stryi Олексій Oleksii Київ Kyiv
        Коваленко Kovalenko Лебедин Lebedyn Леонід Leonid
        Миколаїв Mykolaiv Маринич Marynych Ніжин Nizhyn Наталія Nataliia Одеса Odesa Онищенко Onyshchenko Полтава Poltava
        Петро Petro Решетилівка Reshetylivka Рибчинський Rybchynskyi
        Суми Sumy Соломія Solomiia Тернопіль Ternopil Троць Trots Ужгород Uzhhorod Уляна Uliana Фастів Fastiv Філіпчук
        Filipchuk Харків Kharkiv Христина Khrystyna
        Біла Bila Стеценко Stetsenko Чернівці Chernivtsi Шевченко Shevchenko Шостка Shostka Кишеньки Kyshenky Щербухи
        Shcherbukhy Гоща Hoshcha Гаращенко Harashchenko
        Юрій Yurii Корюківка Koriukivka Яготин Yahotyn Ярошенко Yaroshenko Костянтин Kostiantyn Знам'янка Znamianka Феодосія
        Feodosiia""",
    # The Transliteration Act of Bulgaria, 2009
    ("BG", "Transliteration Act"): """
        Христо Hristo Георги Georgi Щерев Shterev Жельо Zhelyo Юлия Yulia Мария Maria София Sofia Ценко Tsenko Чавдар
        Chavdar Шишманов Shishmanov Хаджиев Hadzhiev
        Ъгъл Agal Иван Ivan Йордан Yordan Явор Yavor Стоян Stoyan Гьончо Gyoncho Кръстев Krastev Михайлов Mihaylov Илия Ilia
        Цветелина Tsvetelina Пламен Plamen
        Живко Zhivko Андрей Andrey Румяна Rumyana""",
    ("RS", "Serbian Latin alphabet"): """
        Ђорђевић Djordjevic Đorđević Djordjevic Љубиша Ljubisa Ljubiša Ljubisa Његош Njegos Џаџић Dzadzic Džadžić Dzadzic
        Живковић Zivkovic Живојин Zivojin Жељко Zeljko Željko Zeljko
        Ћирић Ciric Ćirić Ciric Цветковић Cvetkovic Хаџић Hadzic Hadžić Hadzic Чедомир Cedomir Čedomir Cedomir Шћепан Scepan
        Анђела Andjela Anđela Andjela Јелена Jelena Никола Nikola""",
    ("MK", "passports"): """
        Ѓорѓи Gjorgji Ќиро Kjiro Живко Zhivko Цветан Cvetan Христина Hristina Љупчо Ljupcho
        Џемаил Djemail Јован Jovan Ѕвездан Dzvezdan""",
    ("BY", "Doc 9303"): """
        Уладзімір Uladzimir Аляксандр Aliaksandr Ігар Ihar Аўгіння Auhinnia Вольга Volha
        Рыгор Ryhor Кацярына Katsiaryna Змітрок Zmitrok""",
    ("GR", "ELOT 743"): """
        Γιώργος Giorgos Παπαδόπουλος Papadopoulos Ευάγγελος Evangelos Ευθυμίου Efthymiou Αυγή Avgi Χρήστος Christos Ψαρράς
        Psarras Ξένια Xenia Θεόδωρος Theodoros
        Μπάμπης Bampis Ντίνος Ntinos Γκίκας Gkikas Άγγελος Angelos Αϊβαλής Aivalis Δημήτρης Dimitris Ιωάννης Ioannis
        Ελευθερία Eleftheria Ζωή Zoi Κυριάκος Kyriakos
        Μιχαήλ Michail Νικόλαος Nikolaos Οδυσσέας Odysseas Σταύρος Stavros Φωτεινή Foteini Χαράλαμπος Charalampos Σφυγγάρης
        Sfyngaris Ουρανία Ourania Παύλος Pavlos""",
    ("AM", "passports"): """
        Արմեն Armen Հովհաննես Hovhannes Գևորգ Gevorg Վարդան Vardan Խաչատրյան Khachatryan Ղազարյան Ghazaryan Հակոբյան
        Hakobyan Քոչարյան Kocharyan Երևան Yerevan Եղիշե Yeghishe
        Ոսկան Voskan Ռուբեն Ruben Լևոն Levon Աննա Anna Զարուհի Zaruhi Լուսինե Lusine Անահիտ Anahit Սյուզաննա Syuzanna Մհեր
        Mher Ժիրայր Zhirayr Գայանե Gayane
        Ծատուրյան Tsaturyan Պետրոսյան Petrosyan Տիգրան Tigran Ջիվան Jivan Ձորաբեկ Dzorabek Շուշան Shushan Փառանձեմ Parandzem
        Օհանյան Ohanyan Էդուարդ Eduard Ցոլակ Tsolak Ճշմարիտյան Chshmarityan""",
    ("GE", "national system"): """
        გიორგი Giorgi ნინო Nino თამარ Tamar დავით Davit ქეთევან Ketevan შოთა Shota ჭავჭავაძე Chavchavadze წერეთელი Tsereteli
        ყიფიანი Qipiani ღვინიაშვილი Ghviniashvili ჟვანია Zhvania
        ძიძიგური Dzidziguri ხვიჩა Khvicha ჯაფარიძე Japaridze ჰამლეტ Hamlet ცოტნე Tsotne ჩიხლაძე Chikhladze ფირცხალავა
        Pirtskhalava კახა Kakha პეტრე Petre ტარიელ Tariel""",
    ("AZ", "law of 1991"): """
        Əliyev Aliyev Әлијев Aliyev Məmmədov Mammadov Мәммәдов Mammadov Hüseynov Huseynov Һүсејнов Huseynov Rəşid Rasid
        Elçin Elcin Елчин Elcin
        İlham Ilham Илһам Ilham Aysel Aysel Ајсел Aysel Vüqar Vuqar Вүгар Vuqar Gülnar Gulnar Ҝүлнар Gulnar Xəyal Xayal
        Хәјал Xayal Ağayev Agayev Ағајев Agayev Orxan Orxan Орхан Orxan
        Cavid Cavid Ҹавид Cavid Sevinc Sevinc""",
    ("UZ", "law of 1995"): """
        Ўткир O'tkir Oʻtkir O'tkir Ғайрат G'ayrat Gʻayrat G'ayrat Қодир Qodir Ҳасан Hasan
        Хуршид Xurshid Шавкат Shavkat Жамшид Jamshid Ёқуб Yoqub Юсуф Yusuf Чори Chori Элёр Elyor""",
    ("KZ", "passports"): """
        Нұрсұлтан Nursultan Ерлан Yerlan Бекзат Bekzat Арман Arman Гүлнар Gulnar Дәурен Dauren
        Жанібек Zhanibek Қанат Kanat Әсет Aset Сәуле Saule Айгерім Aigerim Өміржан Omirzhan""",
    ("MN", "MNS 5217"): """
        Батбаяр Batbayar Энхбат Enkhbat Ганзориг Ganzorig Мөнхбат Munkhbat Сүхбаатар Sukhbaatar
        Цэцэг Tsetseg Жавхлан Javkhlan Чимэг Chimeg Оюун Oyuun Хулан Khulan""",
    # Article 3 of the Revised Romanization and its examples; family names as most have them
    ("KR", "Revised Romanization"): """
        복남 Boknam 빛나 Bitna 용하 Yongha 나리 Nari 석민 Seokmin 홍립 Hongrip 민준 Minjun 서연 Seoyeon 지훈 Jihun 하윤
        Hayun 도윤 Doyun 예준 Yejun 시우 Siu 주원 Juwon 지호 Jiho
        수빈 Subin 은영 Eunyeong 영희 Yeonghui 철수 Cheolsu 미경 Migyeong 성호 Seongho 현우 Hyeonu 혜진 Hyejin 재형
        Jaehyeong 동욱 Donguk 태희 Taehui 준혁 Junhyeok 상철 Sangcheol
        광수 Gwangsu 경희 Gyeonghui 병헌 Byeongheon 정은 Jeongeun 옥순 Oksun 선미 Seonmi 유진 Yujin 기태 Gitae 학수 Haksu
        종민 Jongmin 한별 Hanbyeol 갑수 Gapsu 귀남 Gwinam 왕건 Wanggeon
        김 Kim 이 Lee 박 Park 최 Choi 강 Kang 임 Lim 신 Shin 오 Oh 권 Kwon 문 Moon 우 Woo 구 Koo 정 Jeong 장 Jang 한 Han 송
        Song 홍 Hong 전 Jeon 황 Hwang 서 Seo 양 Yang 손 Son 배 Bae
        백 Baek 허 Heo 남 Nam 하 Ha 차 Cha 민 Min 류 Ryu 나 Na 진 Jin 지 Ji 엄 Eom 채 Chae 원 Won 천 Cheon 방 Bang 여 Yeo 석
        Seok""",
    # Passport offices of Japan
    ("JP", "Hepburn of passports"): """
        おおの Ono サトウ Sato なんば Namba はっちょう Hatcho さくら Sakura やまだ Yamada たろう Taro しょうた Shota
        じゅんいち Junichi ゆうこ Yuko いのうえ Inoue まつうら Matsuura
        こうの Kono しんじょう Shinjo ほんま Homma ほんだ Honda いっちょう Itcho えっちゅう Etchu ちば Chiba つじ Tsuji
        ふじわら Fujiwara きょうこ Kyoko りょう Ryo せのお Senoo たかとお Takatoo
        ジュン Jun けんた Kenta あいこ Aiko いいだ Iida にいがた Niigata けいこ Keiko はせがわ Hasegawa やまのうち
        Yamanouchi ひゅうが Hyuga じょうじま Jojima しみず Shimizu""",
    # GB/T 28039 of 2011 and the readings of family names
    ("CN", "pinyin"): """
        小龙 Xiaolong 伟 Wei 芳 Fang 娜 Na 秀英 Xiuying 敏 Min 静 Jing 丽 Li 强 Qiang 磊 Lei 军 Jun 洋 Yang 勇 Yong 艳 Yan
        杰 Jie 娟 Juan 涛 Tao 明 Ming 超 Chao 秀兰 Xiulan 霞 Xia
        平 Ping 刚 Gang 桂英 Guiying 玉兰 Yulan 浩然 Haoran 子涵 Zihan 宇轩 Yuxuan 雨桐 Yutong 梓涵 Zihan 欣怡 Xinyi 思远
        Siyuan 晓东 Xiaodong 建国 Jianguo 志强 Zhiqiang 文博 Wenbo
        佳琪 Jiaqi 雪梅 Xuemei 春燕 Chunyan 海燕 Haiyan 晟 Sheng 茜 Qian 律 Lyu 绿 Lyu 长江 Changjiang 朝阳 Chaoyang 乐 Yue
        露 Lu 柏林 Bailin 俊辉 Junhui 鑫 Xin 旭 Xu 瑞 Rui 慧 Hui 倩 Qian
        王 Wang 李 Li 张 Zhang 刘 Liu 陈 Chen 杨 Yang 黄 Huang 赵 Zhao 吴 Wu 周 Zhou 徐 Xu 孙 Sun 马 Ma 朱 Zhu 胡 Hu 郭 Guo
        何 He 高 Gao 林 Lin 罗 Luo 郑 Zheng 梁 Liang 谢 Xie 宋 Song
        唐 Tang 许 Xu 韩 Han 冯 Feng 邓 Deng 曹 Cao 彭 Peng 曾 Zeng 肖 Xiao 田 Tian 董 Dong 袁 Yuan 潘 Pan 于 Yu 蒋 Jiang 蔡
        Cai 余 Yu 杜 Du 叶 Ye 程 Cheng 苏 Su 魏 Wei 吕 Lyu 丁 Ding
        任 Ren 沈 Shen 姚 Yao 卢 Lu 姜 Jiang 崔 Cui 钟 Zhong 谭 Tan 陆 Lu 汪 Wang 范 Fan 金 Jin 石 Shi 廖 Liao 贾 Jia 夏 Xia
        韦 Wei 付 Fu 方 Fang 白 Bai 邹 Zou 孟 Meng 熊 Xiong 秦 Qin
        邱 Qiu 江 Jiang 尹 Yin 薛 Xue 闫 Yan 段 Duan 雷 Lei 侯 Hou 龙 Long 史 Shi 陶 Tao 黎 Li 贺 He 顾 Gu 毛 Mao 郝 Hao 龚
        Gong 邵 Shao 万 Wan 钱 Qian 严 Yan 覃 Qin 武 Wu 戴 Dai 莫 Mo
        孔 Kong 向 Xiang 汤 Tang 单 Shan 仇 Qiu 解 Xie 区 Ou 查 Zha 翟 Zhai 盖 Ge 缪 Miao 朴 Piao 葛 Ge 乐 Yue 尉迟 Yuchi
        万俟 Moqi 欧阳 Ouyang 诸葛 Zhuge 司马 Sima 令狐 Linghu 长孙 Zhangsun
        宁 Ning 车 Che 晏 Yan 储 Chu 訾 Zi 冼 Xian 谌 Chen 阚 Kan 臧 Zang 晁 Chao""",
    # Without a rule: a person decides, and what is proposed is a name
    ("JP", "kanji"): """
        山田 Yamada 太郎 Taro 佐藤 Sato 鈴木 Suzuki 高橋 Takahashi 花子 Hanako 渡辺 Watanabe 健一 Kenichi 美咲 Misaki""",
    ("KR", "hanja"): "金 Kim 李 Lee 朴 Park 崔 Choi 民俊 Minjun 智賢 Jihyeon 英姬 Yeonghui",
    ("EG", "Arabic"): """
        محمد Mohamed فاطمة Fatima أحمد Ahmed خالد Khaled يوسف Youssef مريم Maryam عمر Omar""",
    ("IL", "Hebrew"): "דוד David כהן Cohen שרה Sara משה Moshe יעל Yael לוי Levi",
    ("IN", "Hunterian"): """
        अमित Amit शर्मा Sharma राहुल Rahul प्रिया Priya सुनीता Sunita अंजलि Anjali विजय Vijay
        पटेल Patel यादव Yadav कुमार Kumar मिश्रा Mishra राजेश Rajesh सिंह Singh ગાંધી Gandhi""",
}  # fmt: skip
"""By country and standard: a name and its spelling, and so on, between spaces."""


def labelled() -> list[tuple[str, str, str, str]]:
    """Country, standard, name and spelling of each."""
    found = []
    for (country, standard), text in LABELLED.items():
        words = text.split()
        found += [(country, standard, *pair) for pair in zip(words[::2], words[1::2], strict=True)]
    return found
