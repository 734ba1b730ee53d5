//! Linking domains: groups of providers whose word on an address counts among themselves only.

use std::collections::BTreeMap;

use crate::StartError;

/// The domain of every provider that has no other.
pub(crate) const DEFAULT: &str = "default";

/// Which provider is of which domain.
#[derive(Debug)]
pub(crate) struct Domains(BTreeMap<String, String>);

impl Domains {
    /// `provider=domain,…`, and providers that are a domain each.
    pub(crate) fn new(settings: &settings::Auth) -> Result<Self, StartError> {
        let own = settings.own_linking_domains.iter();
        let mut domains: BTreeMap<_, _> = own.map(|name| (name.clone(), name.clone())).collect();
        let pairs = settings.linking_domains.split(',').map(str::trim);
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let named = pair
                .split_once('=')
                .map(|(name, domain)| (name.trim(), domain.trim()));
            let Some((name, domain)) =
                named.filter(|(name, domain)| !name.is_empty() && !domain.is_empty())
            else {
                let why = format!("{pair} is not of the form provider=domain");
                return Err(StartError::Setting("auth.linking_domains", why));
            };
            domains.insert(name.to_owned(), domain.to_owned());
        }
        domains.retain(|_, domain| domain != DEFAULT);
        Ok(Self(domains))
    }

    /// The domain of a provider.
    pub(crate) fn of<'a>(&'a self, provider: &'a str) -> &'a str {
        if provider.starts_with("sso:") {
            return provider;
        }
        self.0.get(provider).map_or(DEFAULT, String::as_str)
    }

    /// The providers that are not of the default one.
    pub(crate) fn outside(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_of_the_domain_that_was_written_down() {
        // AUTH-LINK-02
        let mut settings = settings::Auth::default();
        settings.own_linking_domains = vec!["custom:intranet".into()];
        settings.linking_domains = "github = work, gitlab=work,google=default".into();
        let domains = Domains::new(&settings).unwrap();
        assert_eq!(domains.of("custom:intranet"), "custom:intranet");
        assert_eq!(
            (domains.of("github"), domains.of("gitlab")),
            ("work", "work")
        );
        assert_eq!(
            (domains.of("google"), domains.of("email")),
            (DEFAULT, DEFAULT)
        );
        assert_eq!(domains.of("sso:1"), "sso:1");
        assert_eq!(domains.outside(), ["custom:intranet", "github", "gitlab"]);
        settings.linking_domains = "github".into();
        assert!(Domains::new(&settings).is_err());
    }
}
