//! One fault, one file, one id. This is the registry: a new check is its file and two lines here.

mod aaaa_wrong_host;
mod account_deactivated;
mod account_dir_missing;
mod account_id_differs;
mod account_key_corrupt;
mod account_unknown_to_ca;
mod acme_challenge_cname_stale;
mod acmev1_server;
mod allow_subset_drops_names;
mod apache_no_port80_vhost;
mod ari_retry_after_far_future;
mod ari_window_missed;
mod ari_window_moved;
mod attempts_too_few;
mod auth_on_site;
mod authenticator_missing;
mod autorenew_false;
mod ca_cert_not_trusted_by_client;
mod ca_discontinued;
mod ca_outage_or_busy;
mod caa_accounturi_mismatch;
mod caa_at_cname_target;
mod caa_critical_unknown_or_malformed;
mod caa_forbids_issuer;
mod caa_issuewild;
mod caa_lookup_error;
mod caa_staging_differs;
mod caa_validationmethods_mismatch;
mod cannot_reach_ca;
mod catch_all_app_answers;
mod cdn_waf_bot_challenge;
mod cert_unreadable_pem;
mod certificate_covers_no_name;
mod certificate_expired;
mod certificate_not_yet_valid;
mod cli_hook_missing;
mod cli_ini_domains;
mod cli_ini_unknown_option;
mod conf_not_dot_conf;
mod conf_value_mangled;
mod connection_refused;
mod container_tree_moved_absolute_paths;
mod container_without_scheduler;
mod cron_file_ignored;
mod cron_path;
mod cron_percent_or_syntax;
mod cron_wrong_user;
mod cron_wrong_verb;
mod crontab_user_column;
mod debian_cron_line_is_inert_on_systemd;
mod deploy_hook_wrong_key;
mod dns_credentials_missing;
mod dns_credentials_world_readable;
mod dns_plugin_api_broke;
mod dns_points_elsewhere;
mod dns_token_invalid_or_scope;
mod domain_expired_or_transferred;
mod dotfile_deny;
mod double_schedule_lock_race;
mod dynamic_ipv6_prefix;
mod eab_credentials_needed;
mod elsewhere;
mod file_unreadable;
mod fixed_30_days_with_short_certs;
mod fixed_minute_load;
mod force_renewal_in_schedule;
mod fullchain_differs;
mod geo_or_asn_blocking;
mod hook_not_executable;
mod hooked;
mod identifier_refused;
mod interrupted_update_previous_links;
mod interval_too_long;
mod ip_san_limits;
mod ips_or_fail2ban;
mod key_type_flipped;
mod last_run_too_old;
mod leaf_not_signed_by_chain;
mod leaf_only_chain;
mod limited;
mod lineage_0001_duplicate;
mod listen_v6_missing;
mod live_behind_archive;
mod live_not_symlink;
mod manual_hook_missing_or_broken;
mod manual_without_auth_hook;
mod mixed_versions_in_live;
mod multi_backend_token_missing;
mod multiple_accounts_ambiguous;
mod must_staple;
mod nameserver_unreachable_or_blocked;
mod nat_forwarding_gone;
mod newer_conf_older_certbot;
mod nginx_config_invalid;
mod no_reload_at_all;
mod not_checkable;
mod not_persistent_machine_off;
mod nothing_scheduled;
mod nxdomain_san;
mod orphan_lineage_no_conf;
mod other_acme_client_owns_path;
mod output_discarded;
mod plugin_not_installed;
mod points_at_archive_version;
mod port80_blocked;
mod port80_taken_standalone;
mod preferred_challenge_gone;
mod private_or_reserved_address;
mod privkey_world_readable;
mod profile_name_limit;
mod propagation_too_short;
mod random_sleep_kills_wrapper;
mod redirect_all_before_challenge;
mod redirect_bad_port;
mod redirect_missing_slash;
mod redirect_other;
mod relinked_to_stale_higher_number;
mod renew_before_expiry_wrong;
mod renewal_conf_empty_or_truncated;
mod renewal_conf_syntax;
mod renewalparams_missing;
mod required_profile_gone;
mod reuse_key_conflict;
mod rhel_timer_off_by_default;
mod rl_endpoint;
mod rl_exact_set;
mod rl_failed_authz;
mod rl_new_accounts;
mod rl_new_orders;
mod rl_paused;
mod rl_registered_domain;
mod schedule_insufficient_from_date;
mod schedule_never_fires;
mod schedule_not_started;
mod served_older_than_live;
mod server_stopped_or_rogue_nginx;
mod servfail_dnssec;
mod service_unit_failing;
mod slow_server;
mod snap_vs_cron_guard;
mod split_horizon;
mod staging_override_refused;
mod staging_server_in_conf;
mod stale_txt_records;
mod standalone_not_root;
mod symlink_target_missing;
mod timer_disabled_or_dead;
mod timer_fires_before_network_or_nginx;
mod timer_masked_or_overridden;
mod tls_interception;
mod tos_or_email;
mod turned_away;
mod two_certbots;
mod typed_value_invalid;
mod unit_binary_missing;
mod walked;
mod webroot_map_incomplete;
mod webroot_moved_or_deleted;
mod webroot_permissions;
mod webroot_with_server_stopped;
mod wildcard_dns_masks;
mod wildcard_with_non_dns_authenticator;

mod accounts;
#[cfg(test)]
mod registry;
#[cfg(test)]
pub(crate) mod testing;

use crate::check::Check;

pub use not_checkable::NOT_CHECKABLE;

/// Every check, in the order of certbot's own steps: state, configuration, schedule, account, deployment.
pub static CHECKS: &[&Check] = &[
    // State on disk.
    &file_unreadable::CHECK,
    &renewal_conf_syntax::CHECK,
    &renewal_conf_empty_or_truncated::CHECK,
    &live_not_symlink::CHECK,
    &symlink_target_missing::CHECK,
    &renewalparams_missing::CHECK,
    &authenticator_missing::CHECK,
    &typed_value_invalid::CHECK,
    &cert_unreadable_pem::CHECK,
    &conf_not_dot_conf::CHECK,
    &orphan_lineage_no_conf::CHECK,
    &lineage_0001_duplicate::CHECK,
    &mixed_versions_in_live::CHECK,
    &live_behind_archive::CHECK,
    &relinked_to_stale_higher_number::CHECK,
    &interrupted_update_previous_links::CHECK,
    &container_tree_moved_absolute_paths::CHECK,
    &leaf_not_signed_by_chain::CHECK,
    &fullchain_differs::CHECK,
    &certificate_covers_no_name::CHECK,
    &certificate_not_yet_valid::CHECK,
    &certificate_expired::CHECK,
    // Configuration.
    &plugin_not_installed::CHECK,
    &autorenew_false::CHECK,
    &conf_value_mangled::CHECK,
    &identifier_refused::CHECK,
    &ip_san_limits::CHECK,
    &allow_subset_drops_names::CHECK,
    &key_type_flipped::CHECK,
    &ari_retry_after_far_future::CHECK,
    // Schedule.
    &manual_hook_missing_or_broken::CHECK,
    &staging_override_refused::CHECK,
    &reuse_key_conflict::CHECK,
    &acmev1_server::CHECK,
    &ca_discontinued::CHECK,
    &renew_before_expiry_wrong::CHECK,
    &cli_ini_unknown_option::CHECK,
    &cli_ini_domains::CHECK,
    &newer_conf_older_certbot::CHECK,
    &two_certbots::CHECK,
    &manual_without_auth_hook::CHECK,
    &webroot_map_incomplete::CHECK,
    &wildcard_with_non_dns_authenticator::CHECK,
    &preferred_challenge_gone::CHECK,
    &webroot_moved_or_deleted::CHECK,
    &webroot_permissions::CHECK,
    &staging_server_in_conf::CHECK,
    &fixed_30_days_with_short_certs::CHECK,
    &required_profile_gone::CHECK,
    &profile_name_limit::CHECK,
    &must_staple::CHECK,
    &deploy_hook_wrong_key::CHECK,
    &nothing_scheduled::CHECK,
    &timer_masked_or_overridden::CHECK,
    &timer_disabled_or_dead::CHECK,
    &rhel_timer_off_by_default::CHECK,
    &crontab_user_column::CHECK,
    &cron_percent_or_syntax::CHECK,
    &cron_file_ignored::CHECK,
    &cron_path::CHECK,
    &cron_wrong_user::CHECK,
    &cron_wrong_verb::CHECK,
    &unit_binary_missing::CHECK,
    &cli_hook_missing::CHECK,
    &schedule_never_fires::CHECK,
    &schedule_not_started::CHECK,
    &container_without_scheduler::CHECK,
    &snap_vs_cron_guard::CHECK,
    &force_renewal_in_schedule::CHECK,
    &interval_too_long::CHECK,
    &attempts_too_few::CHECK,
    &schedule_insufficient_from_date::CHECK,
    &random_sleep_kills_wrapper::CHECK,
    &service_unit_failing::CHECK,
    &last_run_too_old::CHECK,
    &ari_window_missed::CHECK,
    &rl_exact_set::CHECK,
    &rl_paused::CHECK,
    &rl_registered_domain::CHECK,
    &rl_failed_authz::CHECK,
    &rl_new_orders::CHECK,
    &rl_new_accounts::CHECK,
    &rl_endpoint::CHECK,
    &debian_cron_line_is_inert_on_systemd::CHECK,
    &double_schedule_lock_race::CHECK,
    &fixed_minute_load::CHECK,
    &not_persistent_machine_off::CHECK,
    &timer_fires_before_network_or_nginx::CHECK,
    &output_discarded::CHECK,
    &no_reload_at_all::CHECK,
    &served_older_than_live::CHECK,
    &hook_not_executable::CHECK,
    &points_at_archive_version::CHECK,
    &leaf_only_chain::CHECK,
    // Reachability over HTTP.
    &port80_blocked::CHECK,
    &connection_refused::CHECK,
    &redirect_bad_port::CHECK,
    &redirect_missing_slash::CHECK,
    &redirect_other::CHECK,
    &slow_server::CHECK,
    &cdn_waf_bot_challenge::CHECK,
    &nat_forwarding_gone::CHECK,
    &catch_all_app_answers::CHECK,
    &auth_on_site::CHECK,
    &dotfile_deny::CHECK,
    &redirect_all_before_challenge::CHECK,
    &other_acme_client_owns_path::CHECK,
    &geo_or_asn_blocking::CHECK,
    &ips_or_fail2ban::CHECK,
    &aaaa_wrong_host::CHECK,
    &multi_backend_token_missing::CHECK,
    // Web servers.
    &port80_taken_standalone::CHECK,
    &standalone_not_root::CHECK,
    &server_stopped_or_rogue_nginx::CHECK,
    &webroot_with_server_stopped::CHECK,
    &nginx_config_invalid::CHECK,
    &apache_no_port80_vhost::CHECK,
    &listen_v6_missing::CHECK,
    // Accounts.
    &account_dir_missing::CHECK,
    &account_key_corrupt::CHECK,
    &account_id_differs::CHECK,
    &multiple_accounts_ambiguous::CHECK,
    // Names.
    &domain_expired_or_transferred::CHECK,
    &servfail_dnssec::CHECK,
    &nameserver_unreachable_or_blocked::CHECK,
    &nxdomain_san::CHECK,
    &private_or_reserved_address::CHECK,
    &split_horizon::CHECK,
    &acme_challenge_cname_stale::CHECK,
    &stale_txt_records::CHECK,
    &dns_credentials_missing::CHECK,
    &dns_credentials_world_readable::CHECK,
    &dns_token_invalid_or_scope::CHECK,
    &dns_plugin_api_broke::CHECK,
    &propagation_too_short::CHECK,
    &dynamic_ipv6_prefix::CHECK,
    &dns_points_elsewhere::CHECK,
    &wildcard_dns_masks::CHECK,
    // The CA.
    &cannot_reach_ca::CHECK,
    &tls_interception::CHECK,
    &ca_cert_not_trusted_by_client::CHECK,
    &ca_outage_or_busy::CHECK,
    &account_deactivated::CHECK,
    &account_unknown_to_ca::CHECK,
    &tos_or_email::CHECK,
    &ari_window_moved::CHECK,
    &eab_credentials_needed::CHECK,
    // CAA records.
    &caa_lookup_error::CHECK,
    &caa_at_cname_target::CHECK,
    &caa_critical_unknown_or_malformed::CHECK,
    &caa_forbids_issuer::CHECK,
    &caa_issuewild::CHECK,
    &caa_accounturi_mismatch::CHECK,
    &caa_validationmethods_mismatch::CHECK,
    &caa_staging_differs::CHECK,
    // Hooks, servers and keys.
    &privkey_world_readable::CHECK,
];

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.id == id)
}
