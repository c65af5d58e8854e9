package impair

import (
	"fmt"
	"strings"
)

// Profile is a kind of real network path with published figures. An effect for
// which the source has no figure is left out. That holds above all for loss,
// which depends more on the load than on the link.
type Profile struct {
	Name    string
	Summary string // one line
	Source  string // who published the figures, and where
	Values  string // the settings, in the grammar
}

// Sources used by several profiles.
const (
	azure       = "Microsoft, Azure network round-trip latency statistics, 95th percentile of 30 days to July 2026 (learn.microsoft.com/azure/networking/azure-network-latency)"
	painter     = "S. Painter, Exploring Azure Network Latency: The Fundamentals, TCP echo between VMs in UK South, mean of 40,000 (simonpainter.com/azure-latency-1)"
	webPageTest = "WebPageTest, connection profiles, www/settings/connectivity.ini.sample (github.com/WPO-Foundation/webpagetest)"
	verizonFCC  = "Verizon, network performance: medians of the FCC's Measuring Broadband America 2016 (verizon.com/about/our-company/network-performance)"
)

// Profiles is the table of named paths, from near to far and from wired to
// wireless.
var Profiles = []Profile{
	{"same-zone", "two machines in one zone of a cloud", painter + ": 908 us", "rtt 900us"},
	{"same-region", "two zones of one cloud region", painter + ": 1553 us", "rtt 1.6ms"},
	{"cross-region", "neighbouring cloud regions: Dublin and Amsterdam", azure + ": North Europe to West Europe 19 ms", "rtt 19ms"},
	{"cross-continent", "across North America: California and Virginia", azure + ": West US to East US 72 ms", "rtt 72ms"},
	{"transatlantic", "Virginia and London", azure + ": UK South to East US 80 ms; Verizon's service level agreements promise 90 ms", "rtt 80ms"},
	{"transpacific", "Washington state and Tokyo", azure + ": Japan East to West US 2 103 ms; Verizon's service level agreements promise 160 ms from Los Angeles", "rtt 103ms"},
	{"europe-australia", "Amsterdam and Sydney, close to the longest way there is on land and sea", azure + ": Australia East to West Europe 282 ms", "rtt 282ms"},
	{"fibre", "fibre to a home, 75 Mbit/s both ways", verizonFCC + ": Fios 75/75, 11.55 ms, 79.74 and 85.68 Mbit/s", "rtt 11.55ms, rate-up 85.68Mbit, rate-down 79.74Mbit"},
	{"cable", "television cable to a home, as web tests have it", webPageTest + ": Cable", "rtt 28ms, rate-up 1Mbit, rate-down 5Mbit"},
	{"dsl", "DSL to a home, 3.1 to 7 Mbit/s", verizonFCC + ": High Speed Internet 3.1-7, 37.05 ms, 5.66 and 0.82 Mbit/s", "rtt 37.05ms, rate-up 820kbit, rate-down 5.66Mbit"},
	{"wifi", "a wireless network at home, without the line behind it", "Mozilla, Firefox developer tools, throttling profile Wi-Fi (firefox-source-docs.mozilla.org/devtools-user/network_monitor/throttling)", "rtt 2ms, rate-up 15Mbit, rate-down 30Mbit"},
	{"5g", "5G in the United States", "Ookla, first half of 2024, medians of T-Mobile US (rcrwireless.com/20240717/5g/t-mobile-us-first-in-5g-mobile-att-in-home-internet-ookla)", "rtt 47ms, rate-up 14.56Mbit, rate-down 265.8Mbit"},
	{"lte", "LTE, as web tests have it", webPageTest + ": LTE", "rtt 70ms, rate-up 12Mbit, rate-down 12Mbit"},
	{"slow-4g", "a slow mobile connection, as browsers have it", "Google, Chrome DevTools, preset Slow 4G, which was Fast 3G until 2024 (front_end/core/sdk/NetworkManager.ts)", "rtt 150ms, rate-up 750kbit, rate-down 1.6Mbit"},
	{"3g", "3G, as web tests have it", webPageTest + ": 3G", "rtt 300ms, rate-up 768kbit, rate-down 1.6Mbit"},
	{"edge", "EDGE, as web tests have it", webPageTest + ": Edge", "rtt 840ms, rate-up 200kbit, rate-down 240kbit"},
	{"leo-satellite", "a satellite in low orbit: Starlink in the United States", "Ookla, first quarter of 2025, medians (newspaceeconomy.ca/2025/07/15, rcrwireless.com/?p=419987); Starlink itself states 25.7 ms to the point of presence (starlink.com/updates/network-update)", "rtt 45ms, rate-up 14.84Mbit, rate-down 104.71Mbit"},
	{"geo-satellite", "a geostationary satellite: HughesNet in the United States", "Ookla, medians: round trip of the first quarter of 2025 (newspaceeconomy.ca/2025/07/15), rates of the third of 2021 (techblog.comsoc.org/2021/12/21); the way to the orbit alone takes up to 558 ms (RFC 2488 section 2)", "rtt 683ms, rate-up 2.54Mbit, rate-down 19.3Mbit"},
}

// profileByName returns the profile called name.
func profileByName(name string) (Profile, error) {
	var names []string
	for _, p := range Profiles {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Profile{}, fmt.Errorf("unknown profile: use one of %s", strings.Join(names, ", "))
}

// impairments returns the impairments of the profile.
func (p Profile) impairments() Set {
	settings, _, err := readSettings(p.Values)
	var im Set
	if err == nil {
		im, err = parse(effectKeys, settings)
	}
	if err != nil {
		panic("profile " + p.Name + ": " + err.Error()) // a test parses every profile
	}
	return im
}
