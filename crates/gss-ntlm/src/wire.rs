//! The three messages of NTLM and what is in them (MS-NLMP section 2.2).
