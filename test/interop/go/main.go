// Command interop sends or consumes numbered messages with Apache's Go client, and says on stdout what came of each:
// "SENT body" or "FAILED body reason" and at last "DONE"; "RECEIVED body" until stdin is closed.
//
// Arguments: produce NAMESERVER TOPIC COUNT, or consume NAMESERVER TOPIC. The variables INTEROP_ACCESS_KEY and INTEROP_SECRET_KEY
// are its account.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

var credentials = primitive.Credentials{
	AccessKey: os.Getenv("INTEROP_ACCESS_KEY"),
	SecretKey: os.Getenv("INTEROP_SECRET_KEY"),
}

func main() {
	rlog.SetLogLevel("error")
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("ERROR", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "produce":
		count, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return produce(resolver(args[1]), args[2], count)
	case len(args) == 3 && args[0] == "consume":
		return consume(resolver(args[1]), args[2])
	default:
		return fmt.Errorf("no such arguments: %q", args)
	}
}

func resolver(nameServers string) primitive.NsResolver {
	return primitive.NewPassthroughResolver(strings.Split(nameServers, ";"))
}

func produce(nameServers primitive.NsResolver, topic string, count int) error {
	options := []producer.Option{
		producer.WithGroupName("interop-go-producer"),
		producer.WithNsResolver(nameServers),
	}
	if credentials.AccessKey != "" {
		options = append(options, producer.WithCredentials(credentials))
	}
	client, err := rocketmq.NewProducer(options...)
	if err != nil {
		return err
	}
	if err := client.Start(); err != nil {
		return err
	}
	for i := 0; i < count; i++ {
		body := topic + "-" + strconv.Itoa(i)
		result, err := client.SendSync(context.Background(), primitive.NewMessage(topic, []byte(body)))
		switch {
		case err != nil:
			fmt.Println("FAILED", body, strings.ReplaceAll(err.Error(), "\n", " "))
		case result.Status != primitive.SendOK:
			fmt.Println("FAILED", body, "status", result.Status)
		default:
			fmt.Println("SENT", body)
		}
	}
	fmt.Println("DONE")
	return client.Shutdown()
}

func consume(nameServers primitive.NsResolver, topic string) error {
	options := []consumer.Option{
		consumer.WithGroupName("interop-go-consumer-" + topic),
		consumer.WithNsResolver(nameServers),
		consumer.WithConsumeFromWhere(consumer.ConsumeFromFirstOffset),
	}
	if credentials.AccessKey != "" {
		options = append(options, consumer.WithCredentials(credentials))
	}
	client, err := rocketmq.NewPushConsumer(options...)
	if err != nil {
		return err
	}
	print := func(_ context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
		for _, message := range messages {
			fmt.Println("RECEIVED " + string(message.Body))
		}
		return consumer.ConsumeSuccess, nil
	}
	if err := client.Subscribe(topic, consumer.MessageSelector{}, print); err != nil {
		return err
	}
	if err := client.Start(); err != nil {
		return err
	}
	fmt.Println("STARTED")
	// Only the end of the stream matters.
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return client.Shutdown()
}
