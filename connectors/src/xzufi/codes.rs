//! codes
pub fn textmodul_name(code: &str) -> Option<&'static str> {
    ["02", "03", "05", "06", "07", "08", "09", "11", "14", "15", "16", "18", "22", "23", "24", "25"]
        .contains(&code)
        .then_some("")
}
pub fn is_known_typisierung(code: &str) -> bool {
    [
        "1", "2", "2a", "2b", "3", "3a", "3b", "2/3", "2/3a", "2/3b", "4", "4a", "4b", "5", "6", "7", "8", "9", "10",
        "11", "12",
    ]
    .contains(&code)
}
pub fn zeiteinheit(_code: &str, _plural: bool) -> Option<&'static str> {
    None
}
