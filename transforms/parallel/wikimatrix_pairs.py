"""Which bitexts WikiMatrix v1 has: 1,620 pairs of 85 languages, as its page lists them. A language, and those after it
in the alphabet with which there is a file; `simple` is Simple English, which no tag of the table stands for.
"""

TABLE = """
an: ca de en es fr gl it pl pt ru
ar: arz az ba be bg bn br bs ca ceb cs da de el en eo es et eu fa fi fr gl he hi hr hu id is it ja kk ko lt mk ml mr
    nds ne nl no pl pt ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
arz: de en es fr it pt ru
as: de es fr it
az: bg ca cs da de el en es et fa fi fr gl he hr hu id it ja ko nl no pl pt ro ru sr sv ta tr uk vi zh
azb: fr
ba: bg ca cs da de el en es fi fr gl hr hu id it ja nl no pl pt ro ru sh sk sl sr sv tr uk zh
bar: de en es fr it pt ru
be: bg ca cs de en es fi fr he hu it ja nl no pl pt ro ru sr sv uk
bg: bn bs ca ceb cs da de el en eo es et eu fa fi fr gl he hi hr hu id is it ja kk ko lt mk ml mr nds ne nl no pl pt
    ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
bn: bs ca cs da de el en eo es et eu fa fi fr gl he hi hr hu id it ja ko lt mk nl no pl pt ro ru sh sk sl sq sr sv ta
    tr uk vi zh
br: de en es fr it pt ru uk
bs: ca cs da de el en eo es et eu fa fi fr gl he hi hr hu id is it ja ko lt mk ml mr nl no pl pt ro ru sh si sk sl sq
    sr sv ta te tl tr uk vi zh
ca: ceb cs da de el en eo es et eu fa fi fo fr fy gl he hi hr hu id is it ja ka kk ko la lb lt mk ml mr nds ne nl no
    oc pl pt ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
ceb: cs de en es fi fr hu it ja nl no pl pt ro ru sv uk
cs: da de el en eo es et eu fa fi fr fy gl he hi hr hu id is it ja ka kk ko la lt mk ml mr nds ne nl no oc pl pt ro ru
    sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
da: de el en eo es et eu fa fi fo fr gl he hi hr hu id is it ja ko lt mk ml mr nds ne nl no pl pt ro ru sh si sk sl sq
    sr sv sw ta te tl tr tt uk vi zh
de: el en eo es et eu fa fi fo fr fy gl gom he hi hr hu hy id is it ja ka kk ko la lb lt mk ml mr nds ne nl no oc pl
    pt rm ro ru sh si sk sl sq sr sv sw ta te tg tl tr tt uk vi wuu zh
el: en eo es et eu fa fi fr gl he hi hr hu id is it ja ko lt mk ml mr nl no pl pt ro ru sh si sk sl sq sr sv sw ta te
    tl tr uk vi zh
en: eo es et eu fa fi fo fr fy gl he hi hr hu id io is it ja jv ka kk ko la lb lmo lt mg mk ml mr mwl nds nds_nl ne nl
    no oc pl pt ro ru sh si simple sk sl sq sr sv sw ta te tg tl tr tt ug uk vi wuu zh
eo: es et eu fa fi fr gl he hi hr hu id is it ja ko lt mk ml mr nds nl no pl pt ro ru sh si sk sl sq sr sv ta te tl tr
    uk vi zh
es: et eu fa fi fo fr fy gl gom he hi hr hu hy id is it ja jv ka kk ko la lb lt mk ml mr nds ne nl no oc pl pt ro ru
    sh si sk sl sq sr sv sw ta te tl tr tt uk vi wuu zh
et: eu fa fi fr gl he hi hr hu id is it ja ko lt mk ml mr nl no pl pt ro ru sh si sk sl sq sr sv ta te tl tr uk vi zh
eu: fa fi fr gl he hi hr hu id is it ja ko lt mk ml mr nl no pl pt ro ru sh sk sl sq sr sv ta te tr uk vi zh
fa: fi fr gl he hi hr hu id it ja ko lt mk ml mr nl no pl pt ro ru sh sk sl sq sr sv ta te tr uk vi zh
fi: fr gl he hi hr hu id is it ja ko lt mk ml mr nds ne nl no oc pl pt ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk
    vi zh
fo: fr it nl pl pt ru sv
fr: fy gl gom he hi hr hu hy id is it ja jv ka kk ko la lb lt mg mk ml mr nds ne nl no oc pl pt ro ru sh si sk sl sq
    sr sv sw ta te tl tr tt uk vi wuu zh
fy: it nl pl pt ru sv
gl: he hi hr hu id is it ja ko lt mk ml mr nds ne nl no oc pl pt ro ru sh si sk sl sq sr sv ta te tl tr tt uk vi zh
gom: it pt ru
he: hi hr hu id is it ja ko lt mk ml mr nl no pl pt ro ru sh si sk sl sq sr sv sw ta te tl tr uk vi zh
hi: hr hu id it ja ko lt mk mr ne nl no pl pt ro ru sh sk sl sq sr sv ta te tr uk vi zh
hr: hu id is it ja ko lt mk ml mr ne nl no pl pt ro ru sh si sk sl sq sr sv ta te tl tr uk vi zh
hu: id is it ja kk ko lt mk ml mr nds ne nl no oc pl pt ro ru sh si sk sl sq sr sv sw ta te tl tr uk vi zh
hy: it pt ru
id: is it ja jv ko lt mk ml mr ne nl no pl pt ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
is: it ja lt mk nl no pl pt ro ru sh sk sl sr sv tr uk vi zh
it: ja jv ka kk ko la lb lmo lt mk ml mr nds ne nl no oc pl pt ro ru scn sh si sk sl sq sr sv sw ta te tl tr tt uk vi
    wuu zh
ja: kk ko lt mk ml mr nds nl no pl pt ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
jv: pt
ka: nl pl pt ru sv
kk: nl no pl pt ro ru sv tr uk
ko: lt mk ml mr nl no pl pt ro ru sh sk sl sq sr sv ta te tr uk vi zh
la: nl pl pt ro ru sv
lb: nl pl pt ru sv
lt: mk ml mr nl no pl pt ro ru sh si sk sl sq sr sv ta te tl tr uk vi zh
mk: ml mr nl no pl pt ro ru sh si sk sl sq sr sv ta te tl tr uk vi zh
ml: nl no pl pt ro ru sh sk sl sq sr sv tr uk vi zh
mr: nl no pl pt ro ru sh sk sl sq sr sv tr uk vi zh
mwl: pt
nds: nl no pl pt ro ru sv uk
nds_nl: nl
ne: nl no pl pt ro ru sh sk sl sv uk
nl: no oc pl pt ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
no: pl pt ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
oc: pl pt ro ru sv
pl: pt ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
pt: ro ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi wuu zh
ro: ru sh si sk sl sq sr sv sw ta te tl tr tt uk vi zh
ru: sh si sk sl sq sr sv sw ta te tg tl tr tt uk vi wuu zh
sh: si sk sl sq sr sv ta te tl tr uk vi zh
si: sk sl sq sr sv tr uk vi zh
sk: sl sq sr sv ta te tl tr uk vi zh
sl: sq sr sv ta te tl tr uk vi zh
sq: sr sv ta te tl tr uk vi zh
sr: sv ta te tl tr uk vi zh
sv: sw ta te tl tr tt uk vi zh
sw: tr uk vi zh
ta: tr uk vi zh
te: tr uk vi zh
tl: tr uk vi zh
tr: tt uk vi zh
tt: uk zh
uk: vi zh
vi: zh
wuu: zh
"""
