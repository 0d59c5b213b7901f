// Command check renders kustomize overlays, and decodes each object strictly into the types of the Kubernetes
// API, so that unknown and misspelled fields, duplicate keys and wrong types are errors.
//
// Usage: check OVERLAY...
//
// Prints a JSON array of the overlay's objects for each overlay, a line each. Exit codes: 0 all are valid,
// 1 an overlay cannot be rendered, or an object is not valid.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	valid := true
	for _, overlay := range os.Args[1:] {
		if err := check(overlay); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", overlay, err)
			valid = false
		}
	}
	if !valid {
		os.Exit(1)
	}
}

func check(overlay string) error {
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), overlay)
	if err != nil {
		return err
	}
	decoder, err := strictDecoder()
	if err != nil {
		return err
	}
	objects := []json.RawMessage{}
	for _, resource := range rendered.Resources() {
		document, err := resource.MarshalJSON()
		if err != nil {
			return err
		}
		if _, _, err := decoder.Decode(document, nil, nil); err != nil {
			return fmt.Errorf("%s %s: %w", resource.GetKind(), resource.GetName(), err)
		}
		objects = append(objects, document)
	}
	return json.NewEncoder(os.Stdout).Encode(objects)
}

func strictDecoder() (runtime.Decoder, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, autoscaling.AddToScheme, batch.AddToScheme, core.AddToScheme,
		networking.AddToScheme, policy.AddToScheme, monitoring.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(), nil
}
