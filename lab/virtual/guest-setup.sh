#!/bin/sh
# Makes a Debian root into a machine that Vagrant can log in to. Runs in the root, by `lab/vm build`.
set -eu

echo netns-lab >/etc/hostname
printf '127.0.0.1 localhost netns-lab\n::1 localhost ip6-localhost\n' >/etc/hosts
printf 'LABEL=netns-lab / ext4 defaults,noatime 0 1\n' >/etc/fstab

useradd --create-home --shell /bin/bash vagrant
echo 'vagrant:vagrant' | chpasswd
printf 'vagrant ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/vagrant
chmod 440 /etc/sudoers.d/vagrant
install -d -m 700 -o vagrant -g vagrant /home/vagrant/.ssh
# Vagrant's public insecure key: `vagrant up` replaces it.
install -m 600 -o vagrant -g vagrant /tmp/vagrant.pub /home/vagrant/.ssh/authorized_keys
rm /tmp/vagrant.pub
printf 'UseDNS no\n' >/etc/ssh/sshd_config.d/netns-lab.conf

# Every machine gets keys of its own, at its first boot.
rm -f /etc/ssh/ssh_host_*
cat >/etc/systemd/system/ssh-host-keys.service <<'UNIT'
[Unit]
Description=SSH host keys of this machine
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key

[Install]
WantedBy=multi-user.target
UNIT
printf 'HostKey /etc/ssh/ssh_host_ed25519_key\n' >>/etc/ssh/sshd_config.d/netns-lab.conf

printf '[Match]\nName=en* eth*\n\n[Network]\nDHCP=ipv4\n' >/etc/systemd/network/80-dhcp.network
systemctl enable ssh-host-keys.service ssh.service systemd-networkd.service systemd-resolved.service nftables.service

# An emulated processor has better things to do than to look for updates.
for timer in apt-daily apt-daily-upgrade dpkg-db-backup e2scrub_all fstrim man-db; do
  systemctl disable "$timer.timer" 2>/dev/null || true
done
systemctl disable systemd-networkd-wait-online.service radvd.service rsync.service 2>/dev/null || true
rm -f /etc/machine-id
: >/etc/machine-id

update-ca-certificates >/dev/null
# Node.js has certificate authorities of its own, and takes these only when told to.
printf 'NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\n' >>/etc/environment
chown -R vagrant:vagrant /vagrant
