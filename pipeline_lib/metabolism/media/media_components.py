"""What culture media hold: each component with its exchange reaction in two families of models, and why it is there."""

from dataclasses import dataclass
from types import MappingProxyType

YNB = "yeast nitrogen base without amino acids (Wickerham, US Dept. Agric. Tech. Bull. 1029, 1951)"
SGA = "SGA supplement powder (Tong & Boone, Methods Mol. Biol. 313:171, 2006)"
SELECTION = "selective drug of SGA (Tong & Boone, Methods Mol. Biol. 313:171, 2006)"
GLUTAMATE = "monosodium glutamate, 1 g/l, in the place of ammonium sulphate (Tong & Boone 2006)"
AMMONIUM = "ammonium sulphate, 5 g/l (Wickerham 1951)"
GLUCOSE = "glucose, 20 g/l"
AIR = "air and water"
EXTRACT = "yeast extract and peptone, whose composition is not defined: an approximation of ours"
TRACE = "ions that models of bacteria need in their biomass (Orth et al., Mol. Syst. Biol. 7:535, 2011)"


@dataclass(frozen=True)
class Component:
    """One component of media.

    Attributes
    ----------
    name
        What it is.
    yeast_gem, bigg
        Its exchange reaction in yeast-GEM and in models of BiGG; empty where no model of the family has one.
    """

    name: str
    yeast_gem: str
    bigg: str


GLUCOSE_COMPONENT = Component("D-glucose", "r_1714", "EX_glc__D_e")
OXYGEN = Component("oxygen", "r_1992", "EX_o2_e")
AMMONIUM_COMPONENT = Component("ammonium", "r_1654", "EX_nh4_e")
CARBON_DIOXIDE = Component("carbon dioxide", "r_1672", "EX_co2_e")
WATER = (
    Component("H+", "r_1832", "EX_h_e"),
    Component("water", "r_2100", "EX_h2o_e"),
)
PHOSPHATE = Component("phosphate", "r_2005", "EX_pi_e")
SALTS = (
    Component("sulphate", "r_2060", "EX_so4_e"),
    Component("iron(2+)", "r_1861", "EX_fe2_e"),
    Component("chloride", "r_4593", "EX_cl_e"),
    Component("manganese(2+)", "r_4595", "EX_mn2_e"),
    Component("zinc(2+)", "r_4596", "EX_zn2_e"),
    Component("magnesium(2+)", "r_4597", "EX_mg2_e"),
    Component("sodium", "r_2049", "EX_na1_e"),
    Component("copper(2+)", "r_4594", "EX_cu2_e"),
    Component("calcium(2+)", "r_4600", "EX_ca2_e"),
    Component("potassium", "r_2020", "EX_k_e"),
    Component("molybdate", "", "EX_mobd_e"),
    Component("borate", "", ""),
    Component("iodide", "", ""),
)
BACTERIAL_TRACES = (
    Component("cobalt(2+)", "", "EX_cobalt2_e"),
    Component("iron(3+)", "", "EX_fe3_e"),
    Component("nickel(2+)", "", "EX_ni2_e"),
    Component("selenate", "", "EX_sel_e"),
    Component("selenite", "", "EX_slnt_e"),
    Component("tungstate", "", "EX_tungs_e"),
)
COBALAMIN = Component("cobalamin", "", "EX_cbl1_e")
VITAMINS = (
    Component("4-aminobenzoate", "r_1604", "EX_4abz_e"),
    Component("biotin", "r_1671", "EX_btn_e"),
    Component("folic acid", "r_1792", "EX_fol_e"),
    Component("myo-inositol", "r_1947", "EX_inost_e"),
    Component("nicotinate", "r_1967", "EX_nac_e"),
    Component("(R)-pantothenate", "r_1548", "EX_pnto__R_e"),
    Component("pyridoxine", "r_2028", "EX_pydxn_e"),
    Component("riboflavin", "r_2038", "EX_ribflv_e"),
    Component("thiamine", "r_2067", "EX_thm_e"),
)
GLUTAMATE_COMPONENT = Component("L-glutamate", "r_1889", "EX_glu__L_e")
AMINO_ACIDS = (
    Component("L-alanine", "r_1873", "EX_ala__L_e"),
    Component("L-arginine", "r_1879", "EX_arg__L_e"),
    Component("L-asparagine", "r_1880", "EX_asn__L_e"),
    Component("L-aspartate", "r_1881", "EX_asp__L_e"),
    Component("L-cysteine", "r_1883", "EX_cys__L_e"),
    Component("L-glutamine", "r_1891", "EX_gln__L_e"),
    GLUTAMATE_COMPONENT,
    Component("glycine", "r_1810", "EX_gly_e"),
    Component("L-histidine", "r_1893", "EX_his__L_e"),
    Component("L-isoleucine", "r_1897", "EX_ile__L_e"),
    Component("L-leucine", "r_1899", "EX_leu__L_e"),
    Component("L-lysine", "r_1900", "EX_lys__L_e"),
    Component("L-methionine", "r_1902", "EX_met__L_e"),
    Component("L-phenylalanine", "r_1903", "EX_phe__L_e"),
    Component("L-proline", "r_1904", "EX_pro__L_e"),
    Component("L-serine", "r_1906", "EX_ser__L_e"),
    Component("L-threonine", "r_1911", "EX_thr__L_e"),
    Component("L-tryptophan", "r_1912", "EX_trp__L_e"),
    Component("L-tyrosine", "r_1913", "EX_tyr__L_e"),
    Component("L-valine", "r_1914", "EX_val__L_e"),
)
BASES = (
    Component("adenine", "r_1639", "EX_ade_e"),
    Component("uracil", "r_2090", "EX_ura_e"),
)
YEAST_EXTRACT = (
    Component("guanine", "r_1818", "EX_gua_e"),
    Component("hypoxanthine", "r_1841", "EX_hxan_e"),
    Component("cytosine", "r_1705", "EX_csn_e"),
    Component("adenosine", "r_1643", "EX_adn_e"),
    Component("guanosine", "r_1820", "EX_gsn_e"),
    Component("cytidine", "r_1702", "EX_cytd_e"),
    Component("uridine", "r_2092", "EX_uri_e"),
    Component("inosine", "r_1847", "EX_ins_e"),
    Component("thymidine", "r_2073", "EX_thymd_e"),
    Component("choline", "r_1683", "EX_chol_e"),
    Component("ethanolamine", "r_1764", "EX_etha_e"),
    Component("putrescine", "r_2024", "EX_ptrc_e"),
    Component("spermidine", "r_2051", "EX_spmd_e"),
)
"""Sterols and fatty acids are left out: with oxygen, yeast imports no sterols."""
SELECTIVE_DRUGS = (
    Component("canavanine", "", ""),
    Component("thialysine", "", ""),
    Component("G418", "", ""),
    Component("nourseothricin", "", ""),
)
STEROLS_AND_PALMITATE = (
    Component("ergosterol", "r_1757", "EX_ergst_e"),
    Component("zymosterol", "r_2106", "EX_zymst_e"),
    Component("palmitate", "r_1993", "EX_hdca_e"),
)


@dataclass(frozen=True)
class UptakeRates:
    """Greatest uptakes, mmol/gDW/h, of what limits growth on a complete medium.

    Attributes
    ----------
    glucose, oxygen, supplement
        Of glucose, of oxygen, and of each amino acid, base, nucleoside and vitamin.
    nitrogen
        Of the nitrogen source where that is an amino acid (glutamate): ten supplements', since the plate holds some ten
        times as much of it (5.9 mM) as of one supplement. An estimate of ours.
    source
        Where they are from.
    """

    glucose: float
    oxygen: float
    supplement: float
    nitrogen: float
    source: str


FREE = 1000.0
"""An uptake without a bound, in the convention of flux models."""

UPTAKE_RATES = MappingProxyType(
    {
        "suthers2020": UptakeRates(
            3.3, FREE, 0.165, 1.65, "Suthers et al., Metab. Eng. Commun. 11:e00148, 2020: supplements at 5 % of glucose"
        ),
        "szappanos2011": UptakeRates(
            22.6,
            6.3,
            1.13,
            11.3,
            "glucose and oxygen of Szappanos et al., Nat. Genet. 43:656, 2011; supplements at 5 % of glucose",
        ),
    }
)
