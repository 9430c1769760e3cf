/*
 * Common passwords, see common_password.h.  The table is sorted by bytes and in
 * lower case, which its unit test holds it to; what is shorter than a password
 * may be (password.c) is not in it.
 */

#include "core/common_password.h"

#include <string.h>

#define COMMON_MAX  32                      /* bytes of the longest of them */
#define UNIT_MAX    4                       /* characters that are repeated */


static const char *const  common[] = {
    "!@#$%^&*", "!@#$%^&*()", "!qaz2wsx", "!qaz@wsx", "00000000",
    "0000000000", "0123456789", "098765432", "0987654321", "100200300",
    "10203040", "102030405060", "11111111", "1111111111", "111222333",
    "11223344", "1122334455", "112233445566", "12121212", "121212121",
    "123123123", "12332112", "123321123", "123321123321", "1233211234",
    "12341234", "12344321", "1234512345", "123454321", "123456123456",
    "123456654321", "12345678", "123456780", "123456787", "123456789",
    "1234567890", "1234567891", "12345678910", "123456789a", "123456789q",
    "123456789z", "12345678a", "12345679", "1234567a", "1234abcd", "1234asdf",
    "1234qwer", "123698745", "1236987450", "123abc123", "123asdfgh",
    "123qwe!@#", "123qwe123", "123qweasd", "12qwaszx", "13131313", "13579246",
    "135792468", "1357924680", "14159265", "147258369", "147852369",
    "159159159", "159357159", "159753456", "19841984", "19851985", "19861986",
    "19871987", "19881988", "19891989", "19901990", "19911991", "19921992",
    "1a2b3c4d", "1a2s3d4f", "1q2w3e4r", "1q2w3e4r!", "1q2w3e4r5t",
    "1q2w3e4r5t6y", "1qaz1qaz", "1qaz2wsx", "1qaz2wsx3edc", "1qazxsw2",
    "1qazzaq1", "20202020", "20212021", "20222022", "20232023", "22222222",
    "24681012", "246813579", "31415926", "314159265", "33333333", "44444444",
    "50cent50", "55555555", "66666666", "69696969", "741852963", "77777777",
    "789456123", "87654321", "876543210", "88888888", "963852741",
    "987654321", "9876543210", "99999999", "a1234567", "a12345678",
    "a123456789", "a1b2c3d4", "a1b2c3d4e5", "a1s2d3f4", "aa123456",
    "aa12345678", "aaa11111", "aaaa1111", "aaaaaaaa", "abc12345", "abc123456",
    "abc123abc", "abcabc123", "abcd1234", "abcd12345", "abcdabcd", "abcde123",
    "abcde12345", "abcdef123", "abcdefg1", "abcdefg123", "abcdefgh",
    "abcdefghi", "access123", "access1234", "access14", "admin123",
    "admin123!", "admin1234", "admin12345", "admin123456", "admin2023",
    "admin2024", "admin2025", "admin888", "admin@123", "adminadmin",
    "administrat0r", "administrator", "airborne", "ajax1234", "alejandro",
    "alexander", "alexander1", "alexandra", "amanda12", "amanda123",
    "america1", "american1", "andrea123", "andreas1", "andrew123", "angel123",
    "angels123", "anthony1", "anthony123", "anything", "aquarius",
    "argentina", "arsenal1", "arsenal123", "asd123asd", "asdasd123",
    "asdasdasd", "asdf1234", "asdfasdf", "asdfghjk", "asdfghjkl",
    "asdfghjkl1", "asdfjkl;", "asdfqwer", "ashley12", "ashley123", "assassin",
    "asshole1", "autumn123", "autumn2023", "autumn2024", "autumn2025",
    "autumn2026", "awesome1", "awesome123", "azerty123", "azertyui",
    "azertyuiop", "baby1234", "babyboy1", "babydoll", "babygirl", "babygirl1",
    "babygirl12", "backup123", "badboy123", "banana123", "barcelona",
    "barcelona1", "baseball", "baseball1", "baseball123", "basketball",
    "basketball1", "batman12", "batman123", "bayern123", "beatles1",
    "beautiful", "beautiful1", "benjamin", "benjamin1", "berlin123",
    "besiktas", "bestfriend", "bienvenue", "bigdaddy", "bigdick1", "bitch123",
    "bitcoin1", "bitcoin123", "blackbird", "blackcat", "blackjack",
    "blahblah", "blahblah1", "blessed1", "blessing", "blink123", "blink182",
    "blueberry", "bonjour1", "bonjour123", "borussia", "brandon1",
    "brandon123", "brasil123", "brittany", "brittany1", "broncos1",
    "brother1", "brothers", "budweiser", "bullshit", "business", "buster123",
    "butterfly", "butterfly1", "butthead", "california", "callofduty",
    "camaro69", "camille1", "cancer123", "capricorn", "caroline",
    "celtic1888", "champion", "champion1", "champions", "changeit123",
    "changeme", "changeme!", "changeme1", "changeme123", "changethis",
    "charlie1", "charlie123", "charlotte", "charlotte1", "cheerleader",
    "cheese123", "cheesecake", "chelsea1", "chelsea123", "cherry123",
    "chevelle", "chevrolet", "chicago1", "chicago123", "chocolate",
    "chocolate1", "chouchou", "christ123", "christian", "christian1",
    "christina", "christine", "christopher", "cisco123", "cocacola",
    "cocacola1", "company1", "company123", "computer", "computer1",
    "computer123", "contrasena", "contraseña", "cookie123", "cookies1",
    "corazon1", "corona123", "correcthorsebatterystaple", "corvette",
    "counter1", "counterstrike", "courtney", "cowboys1", "creative",
    "creative1", "cristiano", "crystal1", "crystal123", "cupcake1",
    "daddy123", "daniel12", "daniel123", "danielle", "danielle1", "darling1",
    "database", "debian123", "december", "default1", "default123",
    "destroyer", "deutschland", "diablo123", "diamond1", "diamond123",
    "diamonds", "dickhead", "doctor123", "dollar123", "dolphin1",
    "dolphin123", "dolphins", "dominik1", "dortmund", "doudou123", "dragon12",
    "dragon123", "dragonball", "dragons1", "ducati916", "elephant",
    "elephant1", "elizabeth", "elizabeth1", "elvis1234", "eminem123",
    "employee", "engineer", "engineer1", "england1", "espana123", "estrella",
    "everton1", "everything", "excellent", "facebook", "facebook1",
    "facebook123", "family12", "family123", "fantastic", "father123",
    "february", "fenerbahce", "ferrari1", "ferrari123", "fireman1",
    "florian1", "florida1", "football", "football1", "football12",
    "football123", "forever1", "foreverlove", "fortnite", "fortnite1",
    "francesco", "francisco", "frankfurt", "frankreich", "freedom1",
    "freedom123", "friday123", "friends1", "friends123", "friendship",
    "fucker123", "fuckoff1", "fuckyou!", "fuckyou1", "fuckyou123", "fuckyou2",
    "gabriel1", "gabriela", "gabriele", "galatasaray", "galaxy123",
    "gameboy1", "gamer123", "geheim123", "gemini123", "germany1", "ginger123",
    "giovanni", "godblessyou", "godisgood", "goldberg", "goldfish",
    "goodbye1", "goodluck", "goodluck1", "google123", "gorgeous", "grandma1",
    "greenday", "greenday1", "guest123", "guest1234", "guinness", "gymnast1",
    "hallo123", "hallo1234", "hallohallo", "hamburg1", "hamburg123",
    "hamburger", "handsome", "hannah123", "happiness", "happy123", "happyday",
    "hardcore", "harley123", "harleydavidson", "hasloihaslo", "heaven123",
    "heavenly", "heineken", "hello123", "hello1234", "hello12345",
    "hellohello", "helloworld", "helloworld1", "helloyou", "helpdesk",
    "hockey123", "honda123", "honey123", "hunter12", "hunter123",
    "ichliebedich", "idontcare", "idontknow", "iforgot123", "ilovegod1",
    "ilovejesus", "iloveme1", "iloveme123", "ilovemom", "iloveu123",
    "iloveyou", "iloveyou!", "iloveyou1", "iloveyou12", "iloveyou123",
    "iloveyou2", "instagram", "internet", "internet1", "isabella",
    "isabella1", "italia123", "jackdaniels", "january1", "jasmine1",
    "jasmine123", "jennifer", "jennifer1", "jessica1", "jessica123",
    "jesus123", "jesus777", "jesuschrist", "jesussaves", "jetaime1",
    "jetaime123", "jonathan", "jonathan1", "jordan123", "jordan23",
    "joshua123", "jupiter1", "justin123", "juventus", "juventus1",
    "katherine", "kawasaki", "killer12", "killer123", "killkill", "kimberly",
    "kobebryant", "kristina", "lacrosse", "lakers123", "lakers24",
    "lawyer123", "letmein!", "letmein1", "letmein12", "letmein123",
    "letmeinnow", "liberty1", "liebling", "linkinpark", "linux123",
    "lionking", "liverpool", "liverpool1", "liverpool123", "lkjhgfdsa",
    "login123", "logmein1", "london123", "london2012", "loulou123",
    "love1234", "lovebird", "lovelove", "lovely123", "loveme123", "loveyou1",
    "lozinka1", "lucky123", "lucky777", "luckyone", "madison1", "madison123",
    "magic123", "manager1", "manager123", "manchester", "manunited",
    "manutd123", "marcus123", "margaret", "maria123", "marine123", "mariposa",
    "marlboro", "marseille", "marseille13", "martin123", "master12",
    "master123", "masterkey", "mastermind", "matrix123", "matthew1",
    "matthew123", "maverick", "maverick1", "maximilian", "melissa1",
    "melissa123", "mercedes", "mercedes1", "mercury1", "messi1010",
    "metallica", "metallica1", "mexico123", "michael1", "michael123",
    "michaela", "michelle", "michelle1", "microsoft", "midnight", "midnight1",
    "military", "millionaire", "minecraft", "minecraft1", "mnbvcxz1",
    "mommy123", "monday123", "money123", "moneymoney", "monkey12",
    "monkey123", "monkey1234", "moonlight", "moonshine", "moscow123",
    "motdepasse", "mother123", "motherfucker", "muenchen", "mustang1",
    "mustang69", "mylife123", "mylove123", "mypassword", "mysecret",
    "myspace1", "myspace123", "mystery1", "napoli123", "naruto123",
    "natalie1", "neptune1", "network1", "network123", "nevermind",
    "newpassword", "newyork1", "newyork123", "nginx123", "nicholas",
    "nicholas1", "nicolas1", "nicole12", "nicole123", "ninja123", "nintendo",
    "nirvana1", "nissan123", "nopasswd1", "nopassword", "nothing1",
    "nothing123", "november", "number123", "october1", "office123",
    "oldpassword", "olivia123", "oracle123", "orange123", "p@$$w0rd",
    "p@$$word", "p@ssw0rd", "p@ssw0rd1", "p@ssw0rd123", "p@ssword",
    "p@ssword1", "pa$$w0rd", "pa$$word", "packers1", "paris123",
    "parissaintgermain", "parola123", "pass1234", "pass12345", "pass123456",
    "passord1", "passpass", "passport", "passw0rd", "passw0rd!", "passw0rd1",
    "password", "password!", "password0", "password01", "password1",
    "password1!", "password10", "password11", "password12", "password123",
    "password123!", "password1234", "password12345", "password2",
    "password2020", "password2021", "password2022", "password2023",
    "password2024", "password2025", "password2026", "password21", "password3",
    "password5", "password7", "password9", "password99", "passwords",
    "passwort", "passwort1", "passwort123", "patricia", "patrick1",
    "patrick123", "patriots", "peanut123", "penguin1", "penguins",
    "pepper123", "perfect1", "personal", "phoenix1", "phoenix123", "pikachu1",
    "pilot123", "pineapple", "pisces123", "playboy1", "playgirl",
    "playstation", "poiuytrewq", "pokemon1", "pokemon123", "pokerface",
    "police123", "polska123", "porno123", "porsche1", "porsche911",
    "portugal", "predator", "predator1", "premium1", "princess", "princess1",
    "princess12", "princess123", "private1", "pussy123", "pussycat",
    "q1w2e3r4", "q1w2e3r4t5", "q1w2e3r4t5y6", "q2w3e4r5", "qazqazqaz",
    "qazwsx123", "qazwsxedc", "qazwsxedcrfv", "qazxswedc", "qwe12345",
    "qwe123qwe", "qweasd123", "qweasdzxc", "qweasdzxc123", "qweqweqwe",
    "qwer1234", "qwer12345", "qwerasdf", "qwerqwer", "qwert123", "qwert1234",
    "qwert12345", "qwerty1!", "qwerty11", "qwerty12", "qwerty123",
    "qwerty123!", "qwerty1234", "qwerty12345", "qwerty123456", "qwerty99",
    "qwertyqwerty", "qwertyui", "qwertyuio", "qwertyuiop", "qwertyuiop123",
    "qwertz123", "qwertzui", "qwertzuiop", "rainbow1", "rainbow123",
    "rainbow6", "rangers1", "raspberry", "raspberrypi", "realmadrid",
    "rebecca1", "rebecca123", "redis123", "redskins", "redsox04", "remember",
    "remember1", "richard1", "robert12", "robert123", "roblox123",
    "ronaldo123", "ronaldo7", "root1234", "root12345", "rootroot",
    "router123", "russia123", "sagittarius", "samantha", "samantha1",
    "samsung1", "samsung123", "samurai1", "sandwich", "saturn123",
    "schalke04", "schatz123", "schatzi1", "schnecke", "scorpio1", "scorpion",
    "scorpion1", "sebastian", "sebastian1", "secret12", "secret123",
    "secret1234", "security", "security1", "security123", "september",
    "server123", "sex12345", "sexy1234", "sexybitch", "sexygirl", "shadow12",
    "shadow123", "shithead", "silver123", "sister123", "skyline1", "slipknot",
    "slipknot1", "smile123", "smiley123", "snoopy123", "snowball",
    "snowboard", "snowflake", "soccer12", "soccer123", "softball", "soldier1",
    "soleil123", "soleil13", "something", "sommer123", "sommer2024",
    "sommer2025", "sommer2026", "sonnenschein", "sophie123", "special1",
    "special123", "spiderman", "spiderman1", "spring123", "spring2023",
    "spring2024", "spring2025", "spring2026", "starcraft", "starlight",
    "startrek", "starwars", "starwars1", "steelers", "steelers1", "stefan123",
    "stephanie", "strawberry", "student1", "student123", "stuttgart",
    "success1", "success123", "summer01", "summer12", "summer123",
    "summer2020", "summer2021", "summer2022", "summer2023", "summer2024",
    "summer2025", "summer2026", "summertime", "sunflower", "sunflower1",
    "sunshine", "sunshine1", "sunshine12", "sunshine123", "superman",
    "superman1", "superman123", "superuser", "supervisor", "support1",
    "support123", "suzuki123", "sweetheart", "sweetie1", "sweetpea",
    "swimming", "system123", "taurus123", "teacher1", "teacher123",
    "teamo123", "temp1234", "temp12345", "temporary", "temppass", "tequiero",
    "terminator", "test1234", "test12345", "test123456", "tester123",
    "testing1", "testing123", "testpass", "testtest", "texas123",
    "thepassword", "thisisapassword", "thisismypassword", "thomas123",
    "tiger123", "tigger123", "tinkerbell", "together", "together1",
    "toortoor", "topsecret", "toyota123", "trading1", "trustno1", "trustno1!",
    "tupac123", "ubnt1234", "ubuntu123", "universe", "user1234", "user12345",
    "username", "username1", "valentin", "valentina", "vanessa1",
    "vanessa123", "veronica", "victoria", "victoria1", "victory1",
    "volkswagen", "volleyball", "wachtwoord", "warcraft", "warcraft1",
    "warrior1", "warriors", "watermelon", "welcome01", "welcome1",
    "welcome1!", "welcome12", "welcome123", "welcome123!", "welcome2",
    "welcome2023", "welcome2024", "welcome2025", "welcome2026", "welcome@123",
    "whatever", "whatever1", "whatever123", "whocares", "william1",
    "william123", "windows1", "windows10", "windows7", "winner123",
    "winter12", "winter123", "winter2020", "winter2021", "winter2022",
    "winter2023", "winter2024", "winter2025", "winter2026", "wireless",
    "wizard123", "wonderful", "wrestling", "wsxedcrfv", "yamaha123",
    "yamahar1", "yankees1", "yankees2", "youknowit", "yourmom1", "yourmom123",
    "yourpassword", "yxcvbnm1", "zaq12wsx", "zaq1@wsx", "zaq1xsw2",
    "zaq1zaq1", "zaqxswcde", "zxc123zxc", "zxcv1234", "zxcvbnm,", "zxcvbnm1",
    "zxcvbnm123", "zxcvzxcv", "zxczxczxc", "zyxel1234"
};

/* A run may begin and end anywhere, and goes either way.  Digits go round. */
static const char *const  rows[] = {
    "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop[]",
    "qwertzuiop", "azertyuiop", "asdfghjkl;'", "zxcvbnm,./", "yxcvbnm,.-",
    "!@#$%^&*()_+"
};


/* As memcmp: text is in lower case. */
static int
compare(mfa_str_t text, const char *word)
{
    int     order;
    size_t  len;

    len = strlen(word);
    order = memcmp(text.data, word, text.len < len ? text.len : len);

    return order ? order : (text.len > len) - (text.len < len);
}


static int
is_common(mfa_str_t text)
{
    int     order;
    size_t  from, to, at;

    from = 0;
    to = sizeof(common) / sizeof(common[0]);

    while (from < to) {
        at = from + (to - from) / 2;
        order = compare(text, common[at]);

        if (order == 0) {
            return 1;
        }

        if (order < 0) {
            to = at;

        } else {
            from = at + 1;
        }
    }

    return 0;
}


static int
is_repeated(mfa_str_t s)
{
    size_t     unit;
    mfa_str_t  head, tail;

    for (unit = 1; unit <= UNIT_MAX && unit < s.len; unit++) {
        head = (mfa_str_t) { s.data, s.len - unit };
        tail = (mfa_str_t) { s.data + unit, s.len - unit };

        if (mfa_str_same(head, tail)) {
            return 1;
        }
    }

    return 0;
}


/* Whether s stands in row from at on, forwards or backwards. */
static int
runs(mfa_str_t s, const char *row, size_t at, int step)
{
    size_t     i, len;
    ptrdiff_t  place;

    len = strlen(row);
    place = (ptrdiff_t) at;

    for (i = 0; i < s.len; i++, place += step) {
        if (place < 0 || (size_t) place >= len
            || mfa_lower(s.data[i]) != (uint8_t) row[place])
        {
            return 0;
        }
    }

    return 1;
}


static int
is_run(mfa_str_t s)
{
    size_t  i, at;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (at = 0; at < strlen(rows[i]); at++) {
            if (runs(s, rows[i], at, 1) || runs(s, rows[i], at, -1)) {
                return 1;
            }
        }
    }

    return 0;
}


int
mfa_common_password(mfa_str_t password, const mfa_portal_t *portal,
    const mfa_account_t *account)
{
    int        found;
    size_t     i;
    uint8_t    text[COMMON_MAX];
    mfa_str_t  local, host;

    mfa_str_cut(account->email, '@', &local, &host);

    if (mfa_str_same(password, account->login)
        || mfa_str_same(password, local)
        || mfa_str_same(password, account->email)
        || mfa_str_same(password, account->name)
        || mfa_str_same(password, portal->brand_name)
        || mfa_str_same(password, portal->issuer)
        || is_repeated(password) || is_run(password))
    {
        return 1;
    }

    if (password.len > sizeof(text)) {
        return 0;
    }

    for (i = 0; i < password.len; i++) {
        text[i] = mfa_lower(password.data[i]);
    }

    found = is_common((mfa_str_t) { text, password.len });
    mfa_wipe(text, sizeof(text));

    return found;
}


const char *
mfa_common_password_at(size_t i)
{
    return i < sizeof(common) / sizeof(common[0]) ? common[i] : NULL;
}
