//! What the fuzz targets in `fuzz/` are let into. Only with the feature `fuzzing`; the program never has it.

use crate::redirect::Redirects;

/// Whether a browser may be sent to `wish`, the application being at `site` and the list of addresses `allowed`.
pub fn accepts(site: &str, allowed: &[&str], wish: &str) -> bool {
    let mut settings = settings::Auth::default();
    site.clone_into(&mut settings.site_url);
    settings.uri_allow_list = allowed.iter().map(|text| (*text).to_owned()).collect();
    Redirects::new(&settings).accepts(wish)
}
